import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { MusterError } from "@muster/core";
import type { ActionConfig, AgentConfig } from "../config/schema.ts";
import { signalGroup } from "../data/processes.ts";

/** So much of an action's output is kept, in bytes: the last of it. */
const keptOutput = 64 * 1024;
/** How long output is still read after the action has ended: a daemon that it started may hold the pipe for ever. */
const drainMs = 300;
const alwaysPassed = ["PATH", "HOME", "LANG", "TZ"];

export interface ActionResult {
  readonly exitCode: number;
  readonly output: string;
}

export interface ActionRun {
  readonly signal: AbortSignal;
  /** Milliseconds between the request to end and the end. */
  readonly grace: number;
  readonly onSpawn?: (pid: number) => void;
}

/** The allow-list's entry. Throws `action-unknown`. */
export function actionNamed(actions: AgentConfig["actions"], name: string): ActionConfig {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new MusterError("action-unknown", `agent.yaml has no action "${name}"`);
  return action;
}

/**
 * Runs an action in a process group of its own, without a shell and with a clean environment; at its timeout or an abort the
 * whole group is ended. Throws `tool-missing`, `timeout`, `cancelled`; another exit code than 0 is a result.
 */
export async function runAction(name: string, action: ActionConfig, run: ActionRun): Promise<ActionResult> {
  if (run.signal.aborted) throw stopped(name, action, run.signal.reason);
  const [program = "", ...args] = action.argv;
  const child = spawn(program, args, {
    cwd: action.cwd,
    env: environment(action.env),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...(action.user === undefined ? {} : userIds(name, action.user)),
  });
  if (child.pid !== undefined) run.onSpawn?.(child.pid);
  const output = collect(child);

  const timer = setTimeout(() => stop.abort("timeout"), action.timeout);
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const end = (): void => endGroup(child, run.grace);
  signal.addEventListener("abort", end, { once: true });
  try {
    const exitCode = await exit(name, child);
    if (signal.aborted) {
      if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      throw stopped(name, action, signal.reason);
    }
    await drained(child);
    return { exitCode, output: output() };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function environment(names: readonly string[]): Record<string, string> {
  const passed = [...alwaysPassed, ...names].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(passed);
}

/** Node drops the supplementary groups of root when it changes the user. */
function userIds(name: string, user: string): { uid: number; gid: number } {
  if (process.getuid?.() !== 0) {
    throw new MusterError("forbidden", `the action "${name}" names the user ${user}, but the agent is not root`, {
      hint: "Run muster-agent as root, or remove `user` from the action.",
    });
  }
  const entry = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([login]) => login === user);
  if (entry === undefined) throw new MusterError("config-invalid", `the action "${name}": no user is called ${user}`);
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

function collect(child: ChildProcess): () => string {
  let tail = Buffer.alloc(0);
  const keep = (chunk: Buffer): void => {
    tail = Buffer.concat([tail, chunk]).subarray(-keptOutput);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return () => tail.toString();
}

function exit(name: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      reject(new MusterError("tool-missing", `the action "${name}" cannot be started: ${cause.message}`, { cause }));
    });
    // Killed by a signal counts as shells count it.
    child.once("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

function drained(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, drainMs);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function endGroup(child: ChildProcess, grace: number): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null) return;
  signalGroup(pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), grace);
  child.once("exit", () => clearTimeout(timer));
}

function stopped(name: string, action: ActionConfig, reason: unknown): MusterError {
  if (reason === "timeout") {
    return new MusterError("timeout", `the action "${name}" did not end within ${action.timeout} ms and was killed`);
  }
  if (reason instanceof MusterError) return reason;
  return new MusterError("cancelled", `the action "${name}" was cancelled`, { cause: reason });
}
