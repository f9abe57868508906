import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { deadline, MusterError } from "@muster/core";
import type { Cli } from "./cli.ts";
import { exitCodes } from "./exit-codes.ts";

/** What a control plane says when it is ready; addresses, and the file of the admin's token. */
export interface ReadyLine {
  readonly http: string;
  readonly enrol: string;
  readonly session: string;
  readonly fingerprint: string;
  readonly adminToken: string;
}

export interface StartedControlPlane {
  readonly ready: ReadyLine;
  readonly pid: number;
  /** Where its log goes when it is detached. */
  readonly log: string;
  /** Its exit code. */
  readonly ended: Promise<number>;
}

/** A source file, or in a release the bundle beside this one. */
const main = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "../../control-plane/src/main.ts" : "./muster-control-plane.mjs",
    import.meta.url,
  ),
);
/** A start may bring a database up to date, in milliseconds. */
const startTime = 120_000;

/** Starts the control plane and waits until it is ready. Throws with what it said when it does not come up. */
export async function startControlPlane(
  cli: Cli,
  args: readonly string[],
  detach: boolean,
): Promise<StartedControlPlane> {
  const log = join(cli.terminal.directory, "muster-control-plane.log");
  const file = detach ? openSync(log, "a", 0o600) : undefined;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    stdio: ["ignore", "pipe", file ?? "pipe"],
    detached: detach,
    cwd: cli.terminal.directory,
  });
  if (file !== undefined) closeSync(file);
  const errors = collect(child, cli);
  const ended = once(child, "close").then(([code]) => (typeof code === "number" ? code : exitCodes.failed));
  const stop = (): void => void child.kill("SIGTERM");
  cli.signal.addEventListener("abort", stop, { once: true });
  try {
    const ready = await readyLine(child, ended, () => (detach ? tail(log) : errors()), cli.signal);
    if (detach) release(child);
    return { ready, pid: child.pid ?? 0, log, ended: stopped(ended, cli.signal) };
  } catch (thrown) {
    stop();
    throw thrown;
  }
}

/** Ctrl-C is the way to end it, so that is no failure. */
async function stopped(ended: Promise<number>, signal: AbortSignal): Promise<number> {
  const code = await ended;
  return signal.aborted ? exitCodes.ok : code;
}

async function readyLine(
  child: ChildProcess,
  ended: Promise<number>,
  said: () => string,
  signal: AbortSignal,
): Promise<ReadyLine> {
  if (child.stdout === null) throw new MusterError("internal", "the control plane has no output to read");
  const lines = createInterface({ input: child.stdout });
  const line = once(lines, "line", { signal: deadline(startTime, signal) }).then(([text]) => String(text));
  const first = await Promise.race([line, ended.then(() => undefined)]);
  line.catch(() => undefined); // it may have lost the race
  if (first !== undefined) return JSON.parse(first) as ReadyLine; // the control plane's own line
  throw startError(said());
}

/** The control plane's last words are two lines: the message, and hint and code. */
function startError(text: string): MusterError {
  const message = /^muster-control-plane: (.*)$/m.exec(text)?.[1] ?? "the control plane did not start";
  const [, hint, code] = /^ {2}(.*) \(([a-z-]+)\)$/m.exec(text) ?? [];
  const known =
    code === "port-in-use" || code === "data-in-use" || code === "config-invalid" || code === "database-unavailable";
  return new MusterError(known ? code : "internal", message, hint === undefined ? {} : { hint });
}

/** In the foreground its log is shown as it comes; kept is only the end. */
function collect(child: ChildProcess, cli: Cli): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = `${text}${chunk.toString()}`.slice(-10_000);
    if (cli.terminal.environment.MUSTER_LOG !== undefined) cli.terminal.err(chunk.toString());
  });
  return () => text;
}

function tail(file: string): string {
  return readFileSync(file, "utf8").slice(-10_000);
}

/** Lets this process end while the other goes on. */
function release(child: ChildProcess): void {
  child.stdout?.destroy();
  child.unref();
}
