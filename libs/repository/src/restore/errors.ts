import { asMusterError, MusterError, systemErrorCode } from "@muster/core";

/** What a failure of the disk means to who restores to that place. */
export function restoreError(thrown: unknown, place: string): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const code = systemErrorCode(thrown);
  const options = { cause: thrown, details: { path: place, systemCode: code ?? "unknown" } };
  const message = `restore into ${place}: ${asMusterError(thrown).message}`;
  if (code === "ENOSPC" || code === "EDQUOT") return new MusterError("disk-full", message, options);
  if (code === "ABORT_ERR") return new MusterError("cancelled", message, options);
  if (code === "EEXIST" || code === "ENOTDIR") {
    return new MusterError("conflict", message, {
      ...options,
      hint: "A restore overwrites nothing: give it an empty directory, or move aside what is there.",
    });
  }
  return new MusterError("source-failed", message, options);
}
