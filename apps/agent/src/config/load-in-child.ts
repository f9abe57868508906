import { fork } from "node:child_process";
import { type ErrorValue, fromErrorValue, MusterError } from "@muster/core";
import { entryFile } from "../entry-file.ts";
import type { LoadedConfig } from "./load.ts";

/** What the describing process is asked, over IPC. */
export type DescribeRequest =
  | { readonly ask: "config"; readonly file: string }
  | { readonly ask: "inventory"; readonly loaded: LoadedConfig };

export type DescribeAnswer =
  | { readonly config: LoadedConfig }
  | { readonly inventory: string }
  | { readonly error: ErrorValue };

/** Longest life of a describing process, in milliseconds. */
const describeTimeout = 20_000;

/**
 * Asks a process of its own to read agent.yaml or to inspect the sources: the schemas, the YAML parser and the drivers
 * would otherwise stay in the resident agent's memory (about 40 MB). The answer has secrets, and goes over IPC.
 */
export async function describe(request: DescribeRequest): Promise<DescribeAnswer> {
  const child = fork(entryFile(import.meta.url, "config/describe-process.ts", "muster-agent-describe.js"), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    timeout: describeTimeout,
  });
  const answer = await new Promise<DescribeAnswer>((resolve, reject) => {
    child.once("error", reject);
    child.once("message", (message) => resolve(message as DescribeAnswer)); // from describe-process.ts
    child.once("exit", () => reject(new MusterError("internal", "the process that reads agent.yaml ended early")));
    child.send(request, (error) => error !== null && reject(error));
  });
  if ("error" in answer) throw fromErrorValue(answer.error);
  return answer;
}

/** As `loadConfig`, in a process of its own. */
export async function loadConfigInChild(file: string): Promise<LoadedConfig> {
  const answer = await describe({ ask: "config", file });
  if ("config" in answer) return answer.config;
  throw new MusterError("internal", "agent.yaml was not answered");
}

/** The inventory message in base64, made in a process of its own. */
export async function inventoryInChild(loaded: LoadedConfig): Promise<Uint8Array> {
  const answer = await describe({ ask: "inventory", loaded });
  if ("inventory" in answer) return Buffer.from(answer.inventory, "base64");
  throw new MusterError("internal", "the inventory was not answered");
}
