import { MusterError, systemErrorCode } from "@muster/core";

/** Turns an error of the file system into one of the port's; `what` says which call on which path. */
export function storeError(thrown: unknown, what: string): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const code = systemErrorCode(thrown);
  const options = { cause: thrown, details: { systemCode: code ?? "unknown" } };
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new MusterError("disk-full", `${what}: no space left`, options);
    case "EACCES":
    case "EPERM":
      return new MusterError("store-unavailable", `${what}: permission denied`, {
        ...options,
        hint: "Let the user that Muster runs as read and write this folder.",
        retryable: false,
      });
    case "EROFS":
      return new MusterError("store-unavailable", `${what}: the file system is read-only`, {
        ...options,
        hint: "Mount it for writing; look in the kernel's log for why it is read-only.",
        retryable: false,
      });
    case "EMFILE":
    case "ENFILE":
      return new MusterError("store-unavailable", `${what}: too many open files`, {
        ...options,
        hint: "Raise the limit of open files (ulimit -n) for Muster.",
      });
    default:
      return new MusterError(
        "store-unavailable",
        `${what}: ${thrown instanceof Error ? thrown.message : thrown}`,
        options,
      );
  }
}
