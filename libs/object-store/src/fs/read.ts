import { type FileHandle, open } from "node:fs/promises";
import { MusterError, systemErrorCode } from "@muster/core";
import type { ByteRange, GetOptions } from "../port.ts";
import { readDirect } from "./direct.ts";
import { storeError } from "./errors.ts";

/** Reads a file whole or a range of it. Throws `object-missing`, and `repository-corrupt` when it is too short. */
export async function readFileRange(
  path: string,
  key: string,
  { range, memory }: GetOptions = {},
): Promise<Uint8Array> {
  try {
    const direct = range && memory && (await readDirect(path, range, memory));
    if (direct !== undefined && direct.byteLength === range?.length) return direct; // a short one is told about below
    await using handle = await open(path, "r");
    const wanted = range ?? { offset: 0, length: (await handle.stat()).size };
    return await readExactly(handle, wanted, key);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== "ENOENT") throw storeError(thrown, `read ${path}`);
    throw new MusterError("object-missing", `${key} is missing`, { cause: thrown });
  }
}

async function readExactly(handle: FileHandle, { offset, length }: ByteRange, key: string): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) throw shortObject(key, offset + length, offset + filled);
    filled += bytesRead;
  }
  return bytes;
}

/** The error for an object that ends before the range that was asked for. */
export function shortObject(key: string, expected: number, found: number): MusterError {
  return new MusterError("repository-corrupt", `${key} ends at byte ${found}, ${expected} were expected`, {
    details: { key, expected, found },
  });
}
