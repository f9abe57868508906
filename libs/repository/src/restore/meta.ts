import { chmod, lchown, lutimes, utimes } from "node:fs/promises";
import type { Entry } from "../types.ts";

/** Sets owner, mode and time of a directory or, without following it, a symbolic link; the owner first: it clears set-id bits. */
export async function applyMeta(path: Buffer, entry: Entry, ownership: boolean): Promise<void> {
  const time = seconds(entry.mtimeNs);
  if (ownership) await lchown(path, entry.uid, entry.gid);
  if (entry.type === "symlink") return lutimes(path, time, time);
  await chmod(path, entry.mode & 0o7777);
  await utimes(path, time, time);
}

/** A time for Node.js, which takes seconds as a double; that keeps about a quarter of a microsecond at present. */
export function seconds(ns: bigint): number {
  return Number(ns / 1_000_000_000n) + Number(ns % 1_000_000_000n) / 1e9;
}
