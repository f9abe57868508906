import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface AgentProcess {
  readonly child: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  /** Ends it, SIGTERM unless told, and gives its exit status. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts muster-agent as a process of its own. */
export function startAgent(args: readonly string[], env: Record<string, string> = {}): AgentProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const closed = once(child, "close");
  return {
    child,
    output: () => output,
    async end(signal = "SIGTERM") {
      child.kill(signal);
      await closed;
      return child.exitCode;
    },
  };
}

/** Runs muster-agent to its end. */
export async function runAgentCommand(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ status: number | null; output: string }> {
  const agent = startAgent(args, env);
  await once(agent.child, "close");
  return { status: agent.child.exitCode, output: agent.output() };
}
