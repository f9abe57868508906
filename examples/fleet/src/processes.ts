import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Folder } from "./folder.ts";

export interface Started {
  readonly pid: number;
  /** Rejects when it ends, with the last of its log. */
  readonly ended: Promise<never>;
  /** Asks it to end, then insists after five seconds. */
  stop(): Promise<void>;
}

/** Starts a long-running program of the demo; its output goes to a log file in the folder. */
export function start(
  folder: Folder,
  name: string,
  argv: readonly string[],
  environment: Record<string, string> = {},
): Started {
  const logFile = folder.at("logs", `${name}.log`);
  const log = openSync(logFile, "a");
  const [command = "", ...rest] = argv;
  const child = spawn(command, rest, {
    cwd: folder.path,
    env: { ...process.env, ...environment },
    stdio: ["ignore", log, log],
    detached: true, // Ctrl-C reaches the demo only; it stops the others in order
  });
  if (child.pid === undefined) throw new Error(`${name} could not be started: ${command} was not found`);
  folder.remember(child.pid);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${name} has ended with ${code}:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
  });
  ended.catch(() => undefined); // only who waits for it wants to know
  return { pid: child.pid, ended, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await Promise.race([gone, delay(5000, undefined, { ref: false })]);
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await gone;
  }
}

/**
 * Runs a program to its end with this standard input, and gives its standard output; throws with its error output when it fails.
 */
export async function run(
  argv: readonly string[],
  environment: Record<string, string> = {},
  input = "",
): Promise<string> {
  const [command = "", ...rest] = argv;
  const child = spawn(command, rest, { env: { ...process.env, ...environment }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined); // a program need not read its input
  child.stdin.end(input);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}:\n${errors || output}`);
  return output;
}

/** Polls until the probe answers true; throws at the deadline with what was waited for. A slow machine gets its time. */
export async function until(what: string, probe: () => Promise<boolean>, seconds = 120): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await probe().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await delay(50);
  }
}

/** Whether a process of that id lives; one that has ended but that nobody has collected (a zombie) does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** The pid in a file, if that process lives and its command line says that it is the one: pids are given again. */
export async function pidIn(file: string, ...words: readonly string[]): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid) || pid <= 1 || !alive(pid)) return undefined;
  const line = commandLine(pid);
  return words.every((word) => line.includes(word)) ? pid : undefined;
}

/** Empty when there is no such process. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
