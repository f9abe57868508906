import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";

/** Replaces a file as a whole and durably: temporary file, fsync, rename, fsync of the directory. Throws `disk-full`. */
export async function writeAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, "w", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** What a failed write is told as: `disk-full` where that is the reason. */
export function writeFailure(path: string, cause: unknown): MusterError {
  const code = systemErrorCode(cause);
  if (code === "ENOSPC" || code === "EDQUOT")
    return new MusterError("disk-full", `no space left for ${path}`, { cause });
  return new MusterError("internal", `${path} could not be written: ${String(cause)}`, {
    cause,
    hint: "Check that the directory exists and that this user may write to it.",
  });
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
