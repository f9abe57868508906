import { readFileSync } from "node:fs";
import { systemErrorCode } from "@muster/core";

/** Names one process for ever: a pid alone is given to another process after it ended. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start (field 22 of /proc/PID/stat). */
  readonly start: string;
  /** /proc/sys/kernel/random/boot_id. */
  readonly boot: string;
}

/** The identity of a live process; undefined when it has ended. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readOptional(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command name may hold spaces and parentheses, so fields are counted from its closing one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return undefined;
  return { pid, start: fields[19] ?? "", boot: bootId() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = processIdentity(identity.pid);
  return now !== undefined && now.start === identity.start && now.boot === identity.boot;
}

/** Kills what is left of the process group that this process led; a group of anybody else is left alone. */
export function killLeftGroup(leader: ProcessIdentity): boolean {
  if (leader.boot !== bootId()) return false;
  // While a group has members the kernel gives its number to no new process, so a missing leader is still ours.
  const now = processIdentity(leader.pid);
  if (now !== undefined && now.start !== leader.start) return false;
  return signalGroup(leader.pid, "SIGKILL");
}

/** Signals a whole process group; false when nobody is left in it. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ESRCH") return false;
    throw error;
  }
}

function bootId(): string {
  return readOptional("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the process has ended, or this system has no /proc
  }
}
