import { z } from "zod";
import { malformed } from "../encoding/byte-reader.ts";
import { parseJson } from "../keys/key-file.ts";
import type { JsonValue } from "../types.ts";

const schema = z.record(z.string(), z.json());

/** A JSON object in UTF-8. Throws `repository-corrupt` for anything else. */
export function parseJsonObject(bytes: Buffer, what: string): Readonly<Record<string, JsonValue>> {
  const parsed = schema.safeParse(parseJson(bytes, what));
  if (parsed.success) return parsed.data;
  throw malformed(what, "is not a JSON object");
}
