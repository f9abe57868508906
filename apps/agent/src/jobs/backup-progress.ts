import type { WriteProgress } from "@muster/repository";
import type { SourceContext } from "../sources/source.ts";

type Tell = SourceContext["progress"];

/** A size that is only expected is never reached before the end. */
const mostShare = 0.99;

/** How far a backup is: bytes as they pass, also within a large file, of so many as the source's newest point has. */
export interface BackupProgress {
  /** What the source says itself. */
  readonly fromSource: Tell;
  /** What the repository's writer has taken. */
  readonly fromWriter: (progress: WriteProgress) => void;
}

/** `expected` is in bytes, 0 when not known; the source's own estimate stands in for it. */
export function backupProgress(tell: Tell, expected: number): BackupProgress {
  let done = 0;
  let estimate = expected;
  let words = "";
  const report = (bytes: number): void => {
    done = Math.max(done, bytes);
    tell(done, estimate === 0 ? 0 : Math.max(estimate, Math.ceil(done / mostShare)), "bytes", words);
  };
  return {
    fromSource(bytes, total, unit, note) {
      words = note;
      if (expected === 0) estimate = total;
      if (unit === "bytes") report(bytes);
      else tell(bytes, total, unit, note);
    },
    fromWriter: ({ bytesRead, bytesUnchanged }) => report(bytesRead + bytesUnchanged),
  };
}
