import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MusterError } from "@muster/core";

/**
 * Takes a lock that the kernel lets go when this process ends, however it ends; SQLite's locking is used, since Node has
 * no lock of its own. Returns what releases it. Throws `data-in-use` when another process holds it.
 */
export function lockFile(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(path);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return () => lock.close();
  } catch (cause) {
    lock.close();
    throw new MusterError("data-in-use", `another process works with ${dirname(path)}`, { cause });
  }
}
