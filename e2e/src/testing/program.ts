import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const workspace = join(import.meta.dirname, "..", "..", "..");

/** The launchers that users start. */
export const launchers = {
  agent: join(workspace, "apps", "agent", "bin", "muster-agent"),
  controlPlane: join(workspace, "apps", "control-plane", "bin", "muster-control-plane"),
  cli: join(workspace, "apps", "cli", "bin", "muster"),
} as const;

export interface ProgramOptions {
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Everything it wrote so far, both streams. */
  output(): string;
  stdout(): string;
  stderr(): string;
  running(): boolean;
  /** Sends the signal and waits for the end; does nothing when it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Waits for the end by itself; gives the exit code, 128 for a signal. */
  ended(): Promise<number>;
}

const alive = new Set<ChildProcess>();
// When the test's own process has to go, nothing that it started may stay behind.
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** Starts a program under the Node that runs the tests. */
export function startProgram(
  name: string,
  argv: readonly string[],
  { directory, environment = {} }: ProgramOptions,
): Program {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...cleanEnvironment(directory), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started: ${command}`);
  alive.add(child);
  const closed = once(child, "close").finally(() => alive.delete(child));
  const text = { both: "", out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    text.out += chunk.toString();
    text.both += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text.err += chunk.toString();
    text.both += chunk.toString();
  });
  return {
    name,
    pid,
    output: () => text.both,
    stdout: () => text.out,
    stderr: () => text.err,
    running: () => child.exitCode === null && child.signalCode === null,
    async end(signal) {
      child.kill(signal);
      await closed;
    },
    async ended() {
      await closed;
      return child.exitCode ?? 128;
    },
  };
}

/** Nothing of the developer's own settings reaches what is tested, but for where Node keeps what it has compiled. */
function cleanEnvironment(home: string): Record<string, string> {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  const environment = { PATH, HOME: home, TZ: "UTC", LANG: "C.UTF-8", MUSTER_NODE: process.execPath };
  return NODE_COMPILE_CACHE === undefined ? environment : { ...environment, NODE_COMPILE_CACHE };
}
