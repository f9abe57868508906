import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { stripVTControlCharacters } from "node:util";
import { MusterError } from "@muster/core";

/** Where a command reads and writes: data on `out`, everything else on `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** A person looks at `err`, so that it may be redrawn. */
  readonly live: boolean;
  /** `out` may carry colours. */
  readonly color: boolean;
  /** Somebody can answer questions. */
  readonly asks: boolean;
  columns(): number;
  rows(): number;
  /** Asks a question on `err`; rejects when the signal aborts. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  /** Calls back at each Ctrl-C; returns a function that stops that. */
  onInterrupt(listener: () => void): () => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
}

/** The terminal, or the pipes, of this process. */
export function nodeTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process;
  const plain = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  stdout.on("error", endAtBrokenPipe);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    live: stderr.isTTY === true && env.TERM !== "dumb",
    color: stdout.isTTY === true && stderr.isTTY === true && !plain,
    asks: stdin.isTTY === true && stderr.isTTY === true,
    columns: () => stderr.columns ?? stdout.columns ?? 100,
    rows: () => stderr.rows ?? 40,
    ask: (question, signal) => ask(question, signal),
    onInterrupt(listener) {
      process.once("SIGINT", listener); // a second Ctrl-C ends the process at once
      return () => process.off("SIGINT", listener);
    },
    environment: env,
    directory: process.cwd(),
  };
}

/** While a question is asked, readline takes Ctrl-C for itself, and Ctrl-D would leave the question open for ever. */
async function ask(question: string, signal: AbortSignal): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const closed = once(reader, "close").then(() => Promise.reject(new Error("the input ended")));
  closed.catch(() => undefined); // it also closes after an answer
  reader.on("SIGINT", () => process.emit("SIGINT"));
  try {
    return await Promise.race([reader.question(question, { signal }), closed]);
  } catch (cause) {
    process.stderr.write("\n");
    throw new MusterError("cancelled", "the question was not answered; nothing was changed", { cause });
  } finally {
    reader.close();
  }
}

/** `muster points | head` ends without a complaint. */
function endAtBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

/** How many columns a text takes; colours take none. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
