import { type ChildProcess, spawn } from "node:child_process";
import { pipeline } from "node:stream/promises";
import { MusterError, systemErrorCode } from "@muster/core";

export interface ToolCall {
  /** Program and arguments. Never a secret: every user of the host can read them. */
  readonly argv: readonly string[];
  /** Added to the small environment that every tool gets; secrets only as references to files where the tool can. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Fed to stdin; without it stdin is empty. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** How much of what a tool says on stderr is kept for its error. */
const stderrTailBytes = 8 * 1024;
/** How long a tool has between the request to end and its death, in milliseconds. */
const killGrace = 5000;
const inherited = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"] as const;

/**
 * Runs a tool and yields its stdout with backpressure. Throws after the last byte when the tool failed, so that who
 * consumes it to the end knows that it is whole: `tool-missing`, `source-failed` (with the tail of stderr), `cancelled`.
 * A consumer that stops early kills the tool.
 */
export async function* streamTool(call: ToolCall): AsyncGenerator<Uint8Array> {
  const tool = startTool(call);
  try {
    for await (const chunk of tool.stdout) yield chunk;
    await tool.done;
  } finally {
    tool.kill();
    await tool.done.catch(() => undefined); // its error was thrown above, or the consumer did not want to know
  }
}

/** Runs a tool to its end and returns both outputs as text (meant for small ones). Throws as `streamTool`. */
export async function runTool(call: ToolCall): Promise<{ stdout: string; stderr: string }> {
  const tool = startTool(call);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of tool.stdout) chunks.push(chunk);
  } finally {
    await tool.done;
  }
  return { stdout: Buffer.concat(chunks).toString(), stderr: tool.stderrTail() };
}

function startTool(call: ToolCall) {
  const [program = "", ...args] = call.argv;
  if (call.signal.aborted) throw cancelled(program, call.signal.reason);
  // A process group of its own: a shell's children die with it, and never see a truncated input as the end of it.
  const child = spawn(program, args, {
    env: toolEnvironment(call.env),
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const tail = collectTail(child);
  const kill = (): void => endGroup(child);
  call.signal.addEventListener("abort", kill, { once: true });
  const exited = exit(child).finally(() => call.signal.removeEventListener("abort", kill));
  const input = feed(child, call.input);
  const done = settle(exited, input, (outcome) => failureOf(program, outcome, tail(), call.signal));
  done.catch(() => undefined); // awaited by the caller; must not count as unhandled before that
  return { stdout: child.stdout as AsyncIterable<Uint8Array>, done, kill, stderrTail: tail };
}

function toolEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const base = inherited.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(base), ...extra };
}

function collectTail(child: ChildProcess): () => string {
  let tail = Buffer.alloc(0);
  child.stderr?.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-stderrTailBytes);
  });
  return () => tail.toString().trim();
}

type Outcome = { error: unknown } | { code: number | null; signal: NodeJS.Signals | null };

function exit(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

interface Feeding {
  /** Rejects when the tool did not take all of the input. */
  readonly done: Promise<void>;
  /** What the input itself threw, if it did. */
  failure(): unknown;
}

/** Feeds stdin. An input that fails kills the tool at once: the end of a half input must not look like success. */
function feed(child: ChildProcess, input: AsyncIterable<Uint8Array> = nothing()): Feeding {
  let failure: unknown;
  async function* guarded(): AsyncGenerator<Uint8Array> {
    try {
      yield* input;
    } catch (error) {
      failure = error;
      signalGroup(child, "SIGKILL");
      throw error;
    }
  }
  const { stdin } = child;
  const done = stdin === null ? Promise.resolve() : pipeline(guarded(), stdin);
  done.catch(() => undefined); // looked at when the tool has ended
  return { done, failure: () => failure };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Why the tool failed, by cause: a cancelled call, a broken input, the tool itself, input that it did not want. */
async function settle(
  exited: Promise<Outcome>,
  input: Feeding,
  failure: (outcome: Outcome) => MusterError | undefined,
): Promise<void> {
  const error = failure(await exited);
  if (error?.code === "cancelled" || error?.code === "timeout") throw error;
  if (input.failure() !== undefined) throw input.failure();
  if (error !== undefined) throw error;
  await input.done.catch((cause: unknown) => {
    throw new MusterError("source-failed", "the tool ended well but stopped reading its input before the end", {
      cause,
    });
  });
}

function failureOf(program: string, outcome: Outcome, tail: string, signal: AbortSignal): MusterError | undefined {
  if ("error" in outcome) return startFailure(program, outcome.error);
  if (signal.aborted) return cancelled(program, signal.reason);
  if (outcome.code === 0) return undefined;
  const how = outcome.signal === null ? `with status ${outcome.code}` : `by ${outcome.signal}`;
  return new MusterError("source-failed", `${program} ended ${how}: ${tail || "it said nothing on stderr"}`, {
    details: { program, exitCode: outcome.code, signal: outcome.signal },
  });
}

function startFailure(program: string, cause: unknown): MusterError {
  const code = systemErrorCode(cause);
  if (code === "ENOENT" || code === "EACCES") {
    return new MusterError("tool-missing", `${program} cannot be run (${code})`, { cause });
  }
  return new MusterError("source-failed", `${program} could not be started: ${String(cause)}`, { cause });
}

function cancelled(program: string, reason: unknown): MusterError {
  if (reason instanceof DOMException && reason.name === "TimeoutError") {
    return new MusterError("timeout", `${program} did not end before its deadline`, { cause: reason });
  }
  return new MusterError("cancelled", `${program} was cancelled`, { cause: reason });
}

function endGroup(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child, "SIGKILL"), killGrace);
  timer.unref();
  child.once("close", () => clearTimeout(timer));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error; // ESRCH: it has ended meanwhile
  }
}
