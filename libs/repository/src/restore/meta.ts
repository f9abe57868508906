import { chmod, type FileHandle, lchown, lutimes, utimes } from "node:fs/promises";
import type { Entry } from "../types.ts";

/** Sets owner, mode and time of an open file, the owner first: changing it clears set-uid. */
export async function applyToHandle(file: FileHandle, entry: Entry, ownership: boolean): Promise<void> {
  if (ownership) await file.chown(entry.uid, entry.gid);
  await file.chmod(entry.mode & 0o7777);
  const time = seconds(entry.mtimeNs);
  await file.utimes(time, time);
}

/** The same for a directory or, without following it, a symbolic link. */
export async function applyMeta(path: Buffer, entry: Entry, ownership: boolean): Promise<void> {
  const time = seconds(entry.mtimeNs);
  if (ownership) await lchown(path, entry.uid, entry.gid);
  if (entry.type === "symlink") return lutimes(path, time, time);
  await chmod(path, entry.mode & 0o7777);
  await utimes(path, time, time);
}

/** Node.js takes seconds as a double, which keeps about a quarter of a microsecond at present. */
function seconds(ns: bigint): number {
  return Number(ns / 1_000_000_000n) + Number(ns % 1_000_000_000n) / 1e9;
}
