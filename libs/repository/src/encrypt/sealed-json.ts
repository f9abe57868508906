import { z } from "zod";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { parseJson } from "../keys/key-file.ts";
import type { SealedKind } from "./box.ts";
import { openObject, sealObject } from "./sealed-object.ts";

/** Seals a value as JSON. `object` names it within its domain and is bound to it. */
export function sealJson(domain: DomainContext, kind: SealedKind, object: string, value: unknown): Promise<Buffer> {
  return sealObject(domain, kind, object, Buffer.from(JSON.stringify(value)));
}

/** Opens what `sealJson` made. Throws `repository-corrupt`, also when it does not follow the schema. */
export async function openJson<T>(
  domain: DomainContext,
  kind: SealedKind,
  object: string,
  { sealed, schema }: { readonly sealed: Uint8Array; readonly schema: z.ZodType<T> },
): Promise<T> {
  const what = `${kind} ${object} of domain ${domain.name}`;
  const parsed = schema.safeParse(parseJson(await openObject(domain, kind, object, sealed), what));
  if (parsed.success) return parsed.data;
  throw malformed(what, `does not follow the format: ${z.prettifyError(parsed.error)}`);
}
