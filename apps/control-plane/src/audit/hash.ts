import { createHash } from "node:crypto";
import { canonicalJson } from "@muster/recovery";

/** What the first record has in place of a hash before it. */
export const firstPrevious = "0".repeat(64);

export interface HashedFields {
  readonly seq: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly previous: string;
}

/** SHA-256 (hex) over the previous hash, a line feed, and the record's own fields as canonical JSON (RFC 8785). */
export function recordHash({ previous, seq, at, actor, action, subject, details }: HashedFields): string {
  const own = canonicalJson({ seq, at: at.toISOString(), actor, action, subject, details });
  return createHash("sha256").update(`${previous}\n${own}`).digest("hex");
}
