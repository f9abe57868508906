import { createInterface } from "node:readline/promises";
import { stripVTControlCharacters } from "node:util";

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
    async ask(question, signal) {
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        return await reader.question(question, { signal });
      } finally {
        reader.close();
      }
    },
    onInterrupt(listener) {
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    environment: env,
    directory: process.cwd(),
  };
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
