import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemErrorCode } from "@muster/core";
import { directBlock, misalignment } from "../memory.ts";

/*
 * Reading and writing past the page cache (open(2), O_DIRECT). What a repository holds is written once and read seldom, so in the cache
 * it only takes the place of what the services on the host need; and filling the cache costs most of the time of a fast disk.
 */

/** For less, opening the file once more costs what is gained. */
const worthIt = 256 * 1024;

/**
 * Writes as many whole blocks of the bytes as can go past the page cache, from a position in a file on, and tells how many bytes that
 * was: none where the memory, the position or the file system does not allow it.
 */
export async function writeDirect(path: string, bytes: Uint8Array, position: number): Promise<number> {
  const length = bytes.byteLength - (bytes.byteLength % directBlock);
  if (length < worthIt || position % directBlock !== 0 || misalignment(bytes) !== 0) return 0;
  const handle = await openDirect(path, constants.O_WRONLY);
  if (handle === undefined) return 0;
  try {
    let written = 0;
    while (written < length && written % directBlock === 0) {
      const { bytesWritten } = await handle.write(bytes, written, length - written, position + written);
      written += bytesWritten;
    }
    return written;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return 0; // what is there is written over
  } finally {
    await handle.close();
  }
}

/**
 * Reads a range past the page cache into the memory, where both and the file system allow it, and gives a view of it; the view is
 * short where the file ends. Undefined when it must be read in another way. The memory has the bytes that `memoryFor` says.
 */
export async function readDirect(
  path: string,
  { offset, length }: { readonly offset: number; readonly length: number },
  memory: Uint8Array,
): Promise<Uint8Array | undefined> {
  const before = offset % directBlock;
  const wanted = before + length;
  const whole = Math.ceil(wanted / directBlock) * directBlock;
  if (length < worthIt || misalignment(memory) !== 0 || whole > memory.byteLength) return undefined;
  const handle = await openDirect(path, constants.O_RDONLY);
  if (handle === undefined) return undefined;
  try {
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await handle.read(memory, filled, whole - filled, offset - before + filled);
      filled += bytesRead;
      if (bytesRead % directBlock !== 0 || bytesRead === 0) break; // the file's end
    }
    return memory.subarray(before, Math.max(before, Math.min(filled, wanted)));
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return undefined;
  } finally {
    await handle.close();
  }
}

async function openDirect(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags | constants.O_DIRECT);
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return undefined;
  }
}

/** File systems in memory, and some on the network, do not do it. */
function isRefusal(thrown: unknown): boolean {
  const code = systemErrorCode(thrown);
  return code === "EINVAL" || code === "ENOTSUP" || code === "EOPNOTSUPP";
}
