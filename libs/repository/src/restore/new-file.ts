import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, futimesSync, openSync, writeSync } from "node:fs";
import { MusterError, systemErrorCode } from "@muster/core";
import type { Entry } from "../types.ts";
import { seconds } from "./meta.ts";

/** What a new file is given when its content is there; plain values, so that it can be sent to a thread. */
export interface FileMeta {
  /** Permission bits with set-uid, set-gid and sticky. */
  readonly mode: number;
  /** Undefined: whoever restores owns it. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Seconds since the Unix epoch. */
  readonly mtime: number;
}

export function fileMeta({ mode, uid, gid, mtimeNs }: Entry, ownership: boolean): FileMeta {
  return { mode: mode & 0o7777, owner: ownership ? { uid, gid } : undefined, mtime: seconds(mtimeNs) };
}

/** Makes a file that is not there yet, nobody else's to read, and gives its descriptor. Follows no link. Throws EEXIST. */
export function createFile(path: string | Uint8Array): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return openSync(path as string | Buffer, flags, 0o600); // any Uint8Array does
}

/** Bytes of a file from which writing it past the page cache pays. */
const directFrom = 2 ** 20;

/**
 * The same file once more, for writing past the page cache (open(2), O_DIRECT), and with its length, so that its parts can be written
 * side by side. Undefined for a small file, and where the file system does not do it.
 */
export function openDirect(descriptor: number, size: number): number | undefined {
  if (size < directFrom) return undefined;
  let direct: number | undefined;
  try {
    direct = openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_DIRECT); // whatever has its name by now
    ftruncateSync(descriptor, size);
    return direct;
  } catch {
    if (direct !== undefined) closeSync(direct);
    return undefined; // what is wrong with the file, if anything is, shows when it is written
  }
}

/** Writes all bytes, at a position in the file or where the last write ended. */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number | null = null): void {
  for (let written = 0; written < bytes.length; ) {
    const at = position === null ? null : position + written;
    written += writeSync(descriptor, bytes, written, bytes.length - written, at);
  }
}

/** Gives the file its owner, mode and time, and closes it. Throws `source-failed` when the owner may not be given. */
export function finishFile(descriptor: number, path: string | Uint8Array, { mode, owner, mtime }: FileMeta): void {
  try {
    if (owner !== undefined) giveOwner(descriptor, path, owner);
    fchmodSync(descriptor, mode); // after the owner: a change of owner clears set-id bits
    futimesSync(descriptor, mtime, mtime);
  } finally {
    closeSync(descriptor);
  }
}

function giveOwner(descriptor: number, path: string | Uint8Array, { uid, gid }: { uid: number; gid: number }): void {
  try {
    fchownSync(descriptor, uid, gid);
  } catch (cause) {
    if (systemErrorCode(cause) !== "EPERM") throw cause;
    throw ownerRefused(path, uid, gid, cause);
  }
}

/** The error of a restore that may not give a path to its owner. */
export function ownerRefused(path: string | Uint8Array, uid: number, gid: number, cause: unknown): MusterError {
  const name = typeof path === "string" ? path : Buffer.from(path).toString();
  return new MusterError("source-failed", `may not give ${name} to user ${uid}, group ${gid}`, {
    cause,
    retryable: false,
    hint: "Run the agent as root, or as the user that owns the files.",
  });
}
