import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { isAlive, type ProcessIdentity, processIdentity } from "./processes.ts";

/**
 * Keeps a second agent off the same data directory. The lock names a process with its start time, so that the lock of an
 * agent that was killed is taken over. Throws `data-in-use` with the pid of the holder.
 */
export function takeLock(path: string): { release(): void } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(processIdentity(process.pid)), { mode: 0o600 });
  try {
    claim(path, own);
  } finally {
    rmSync(own, { force: true });
  }
  return { release: () => rmSync(path, { force: true }) };
}

function claim(path: string, own: string): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      linkSync(own, path); // fails when it exists: exactly one of two agents wins
      return;
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
      removeStale(path, own);
    }
  }
  throw new MusterError("data-in-use", `the lock ${path} is contended`);
}

function removeStale(path: string, own: string): void {
  const holder = readHolder(path);
  if (holder !== undefined && isAlive(holder)) {
    throw new MusterError("data-in-use", `another muster-agent (pid ${holder.pid}) works with this data directory`, {
      details: { path, pid: holder.pid },
    });
  }
  try {
    renameSync(path, `${own}.stale`); // a rename, so that of two that find it stale only one removes it
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
  rmSync(`${own}.stale`, { force: true });
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity; // written above by an agent
  } catch {
    return undefined; // gone meanwhile, or half-written before a crash: nobody holds it
  }
}
