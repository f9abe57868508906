import type { EntryMeta } from "../types.ts";

/* What the golden repositories under `golden/` hold. */

export const goldenPassphrase = "golden";
export const goldenTakenAt = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
export const goldenMeta: EntryMeta = { mode: 0o640, uid: 0, gid: 70_000, mtimeNs: 1_700_000_000_123_456_789n };

export const goldenFiles = {
  /** 1100 blocks of 1 KiB, each another one: enough for a list of lists. */
  relation: Buffer.concat(Array.from({ length: 1100 }, (_, n) => Buffer.alloc(1024, `block ${n} `))),
  /** Long enough to be cut by content. */
  text: Buffer.from(Array.from({ length: 60_000 }, (_, n) => `line ${(n * 2_654_435_761) % 4096}\n`).join("")),
} as const;
