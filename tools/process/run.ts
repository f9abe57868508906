import { spawn } from "node:child_process";
import { listen, stopWithUs } from "./signals.ts";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shows the output as it comes instead of keeping it. */
  readonly show?: boolean;
}

export interface Finished {
  /** 0 for success; 128 + signal number is not used: a killed program has code 1. */
  readonly code: number;
  /** What the program printed to stdout and stderr, in order of arrival; empty if it was shown. */
  readonly output: string;
}

/**
 * Runs a program to its end, in a process group of its own, so that a stop reaches its children too.
 * A program that cannot be started is reported as failed, with the reason as its output.
 */
export function run(
  program: string,
  args: readonly string[],
  { cwd, env, show = false }: RunOptions = {},
): Promise<Finished> {
  listen();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      detached: true,
    });
    const release = stopWithUs(child);
    const pieces: Buffer[] = [];
    child.stdout?.on("data", (piece: Buffer) => pieces.push(piece));
    child.stderr?.on("data", (piece: Buffer) => pieces.push(piece));
    const output = () => Buffer.concat(pieces).toString("utf8");
    child.on("error", (error) => {
      release();
      resolve({ code: 1, output: `${output()}${program} could not be started: ${error.message}\n` });
    });
    child.on("close", (code) => {
      release();
      resolve({ code: code ?? 1, output: output() });
    });
  });
}
