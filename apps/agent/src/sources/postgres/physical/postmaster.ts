import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";

/** The pid of a server that runs on a data directory, by its `postmaster.pid`; undefined when none does. */
export async function runningPostmaster(dataDirectory: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8");
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT" || systemErrorCode(thrown) === "ENOTDIR") return undefined;
    throw thrown;
  }
  const pid = Number(text.split("\n")[0]);
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
}

/** Throws `source-running` while a server works on the directory: moving it would take its files from under it. */
export async function requireStopped(dataDirectory: string): Promise<void> {
  const pid = await runningPostmaster(dataDirectory);
  if (pid === undefined) return;
  throw new MusterError("source-running", `PostgreSQL runs on ${dataDirectory} (process ${pid})`, {
    hint: "Stop the server first; a plan does it with the service's stop action.",
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemErrorCode(thrown) === "EPERM"; // it is another user's
  }
}
