import { MusterError } from "@muster/core";
import { z } from "zod";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openJson, sealJson } from "../encrypt/sealed-json.ts";
import { parseJson } from "../keys/key-file.ts";
import type { SweepAuthority } from "./authority.ts";

/** What is to be deleted, if nothing speaks against it when the grace is over: names of points, or ids of packs in hex. */
export const markSchema = z.object({
  kind: z.enum(["points", "packs"]),
  epoch: z.number().int().nonnegative(),
  /** Milliseconds from the store's time of this object until a verdict may be made. */
  grace: z.number().int().nonnegative(),
  items: z.array(z.string()),
});

export type Mark = z.output<typeof markSchema>;

/** Made once for each mark, and final: all its items are deleted but those in `kept`. */
export const verdictSchema = z.object({ epoch: z.number().int().nonnegative(), kept: z.array(z.string()) });

export type Verdict = z.output<typeof verdictSchema>;

export type SweepPart = "mark" | "verdict" | "done";

export function sweepFolder(domain: DomainContext): string {
  return `${domain.prefix}sweeps/`;
}

/** `<mark id>/<part>`: bound to the object, and the end of its key. */
export function partName(id: string, part: SweepPart): string {
  return `${id}/${part}`;
}

/** The mark and part that a key names; undefined for another key. */
export function parsePartKey(domain: DomainContext, key: string): { id: string; part: SweepPart } | undefined {
  const [, id, part] = /^([0-9a-f]{32})\/(mark|verdict|done)$/.exec(key.slice(sweepFolder(domain).length)) ?? [];
  return id === undefined ? undefined : { id, part: part as SweepPart }; // one of the three, by the expression
}

const provenSchema = z.object({ body: z.string(), proof: z.string() });

/** Seals one part of a mark's objects under its key, with the proof that a sweeper made it. */
export async function putPart(
  domain: DomainContext,
  authority: SweepAuthority,
  { id, part, value }: { readonly id: string; readonly part: SweepPart; readonly value: unknown },
): Promise<void> {
  const name = partName(id, part);
  const body = JSON.stringify(value);
  const sealed = await sealJson(domain, "sweep", name, { body, proof: authority.prove(name, body) });
  await domain.store.put(sweepFolder(domain) + name, sealed);
}

/**
 * Reads one part; undefined when there is none. With an authority, "forged" for one that no sweeper made. Throws
 * `repository-corrupt`.
 */
export async function readPart<T>(
  domain: DomainContext,
  { id, part, schema }: { readonly id: string; readonly part: SweepPart; readonly schema: z.ZodType<T> },
  authority?: SweepAuthority,
): Promise<T | "forged" | undefined> {
  const name = partName(id, part);
  try {
    const sealed = await domain.store.get(sweepFolder(domain) + name);
    const { body, proof } = await openJson(domain, "sweep", name, { sealed, schema: provenSchema });
    if (authority !== undefined && !authority.isProven(name, body, proof)) return "forged";
    return schema.parse(parseJson(Buffer.from(body), name));
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-missing") return undefined;
    if (thrown instanceof z.ZodError) throw malformed(`sweep ${name}`, z.prettifyError(thrown));
    throw thrown;
  }
}
