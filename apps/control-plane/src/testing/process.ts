import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { waitFor } from "@muster/core/testing";
import type { Endpoints } from "../start.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface ControlPlaneProcess {
  /** Exit status; undefined while it runs, null when a signal ended it. */
  status(): number | null | undefined;
  readonly stderr: () => string;
  /** What the ready line says; fails when the process ends before it. */
  ready(): Promise<Endpoints>;
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>;
  /** Ends it and waits until it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `muster-control-plane` as a process of its own. */
export function startProcess(args: readonly string[], env: Record<string, string> = {}): ControlPlaneProcess {
  const options = {
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"] as const,
  };
  const child = spawn(process.execPath, [main, ...args], { ...options, stdio: [...options.stdio] });
  const closed = once(child, "close");
  let out = "";
  let err = "";
  let status: number | null | undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.on("close", (code) => {
    status = code;
  });
  return {
    status: () => status,
    stderr: () => err,
    ready: () =>
      waitFor("the ready line", () => {
        if (status !== undefined) throw new Error(`the control plane ended with ${status}: ${err}`);
        return out.includes("\n") ? (JSON.parse(out) as Endpoints) : undefined; // its one line
      }),
    ended: async () => void (await closed),
    async end(signal) {
      child.kill(signal);
      await closed;
      return child.exitCode;
    },
  };
}
