import { type ChildProcess, fork } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { dataProcess, fromErrorValue, type Logger, MusterError, newId, semaphore } from "@muster/core";
import {
  type Command,
  CommandFinishedSchema,
  CommandSchema,
  create,
  fromBinary,
  toBinary,
} from "@muster/protocol/grpc";

import type { LoadedConfig } from "../config/load.ts";
import type { DataDirectory } from "../data/directory.ts";
import { signalGroup } from "../data/processes.ts";
import { entryFile } from "../entry-file.ts";
import type { JobMessage, JobRequest } from "../jobs/messages.ts";
import type { CommandRun } from "./dispatcher.ts";
import type { Outcome } from "./failure.ts";

export type JobWork = Extract<Command["work"], { case: "backup" | "checkRestore" | "restore" | "aside" | "copy" }>;

export interface JobRunner {
  /** Runs a job in a process of its own, so that its memory goes back to the system. Throws what the job threw. */
  run(work: JobWork, run: CommandRun): Promise<Outcome>;
}

/** The last of a job's stderr that goes into an error, in characters. */
const keptStderr = 4000;

export function jobRunner(options: {
  readonly loaded: LoadedConfig;
  readonly directory: DataDirectory;
  readonly host: string;
  readonly log: Logger;
}): JobRunner {
  const { loaded, directory, log } = options;
  const { limits, repositories, sources } = loaded.config;
  const slots = semaphore(limits.jobs);
  const copySlot = semaphore(1); // of its own: a long copy keeps no backup waiting
  const busy = new Set<string>();

  const inSlot = async (work: JobWork, run: CommandRun): Promise<Outcome> => {
    const name = work.value.source;
    const config = Object.hasOwn(sources, name) ? sources[name] : undefined;
    if (config === undefined && work.case !== "copy")
      throw new MusterError("source-unknown", `agent.yaml has no source "${name}"`);
    const workDirectory = join(directory.jobs, newId("job"));
    const stateDirectory = join(directory.sources, name);
    await mkdir(workDirectory, { recursive: true, mode: 0o700 });
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
    const secrets = loaded.secrets.get(`sources.${name}`) ?? {};
    const source = config === undefined ? undefined : { config, secrets };
    const command = create(CommandSchema, { work });
    const encoded = base64(toBinary(CommandSchema, command));
    const identityFile = directory.identity;
    const request = { work: encoded, name, source, repositories, identityFile, stateDirectory, workDirectory };
    try {
      return await runProcess({ ...request, host: options.host }, run, limits.grace, log.child({ source: name }));
    } finally {
      await rm(workDirectory, { recursive: true, force: true });
    }
  };

  return {
    async run(work, run) {
      if (work.case === "checkRestore") return slots.run(() => inSlot(work, run)); // touches nothing
      // A copy does not touch the source; backups and restores go on beside it.
      const name = work.case === "copy" ? `copy of ${work.value.source}` : work.value.source;
      if (busy.has(name)) throw new MusterError("source-busy", `another job works on the source "${name}"`);
      busy.add(name);
      try {
        return await (work.case === "copy" ? copySlot : slots).run(() => inSlot(work, run));
      } finally {
        busy.delete(name);
      }
    },
  };
}

/** Removes what jobs of an agent that was killed left behind. */
export async function removeLeftJobs(directory: DataDirectory): Promise<void> {
  await rm(directory.jobs, { recursive: true, force: true });
}

async function runProcess(request: JobRequest, run: CommandRun, grace: number, log: Logger): Promise<Outcome> {
  if (run.signal.aborted) throw run.signal.reason;
  const child = fork(entryFile(import.meta.url, "jobs/entry.ts", "muster-agent-job.js"), [], {
    execArgv: ["--disable-warning=ExperimentalWarning", ...dataProcess.execArgv],
    env: { ...process.env, ...dataProcess.env },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    detached: true,
    serialization: "advanced",
  });
  const { pid } = child;
  if (pid !== undefined) run.onSpawn(pid);
  const stop = (): void => endJob(child, grace);
  run.signal.addEventListener("abort", stop, { once: true });
  try {
    return await conversation(child, request, run, log);
  } finally {
    run.signal.removeEventListener("abort", stop);
    if (pid !== undefined) signalGroup(pid, "SIGKILL"); // whatever tool the job left in its group
  }
}

function conversation(child: ChildProcess, request: JobRequest, run: CommandRun, log: Logger): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let answer: Exclude<JobMessage, { kind: "progress" }> | undefined;
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-keptStderr);
    });
    child.on("message", (message) => {
      const told = message as JobMessage; // from jobs/entry.ts
      if (told.kind === "progress") run.progress(told.done, told.total, told.unit, told.note);
      else answer = told;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (answer === undefined) return reject(died(code, signal, stderr));
      log.info({ peakMemoryBytes: answer.peakMemoryBytes }, "job ended");
      if (answer.kind === "failed") reject(fromErrorValue(answer.error));
      else resolve(decodeOutcome(answer.outcome));
    });
    child.send(request, (error) => error !== null && reject(error));
  });
}

function decodeOutcome(text: string): Outcome {
  const { outcome } = fromBinary(CommandFinishedSchema, Buffer.from(text, "base64"));
  if (outcome.case === undefined) throw new MusterError("internal", "a job ended without an outcome");
  return outcome;
}

function died(code: number | null, signal: string | null, stderr: string): MusterError {
  const how = signal === null ? `with status ${code}` : `by ${signal}`;
  return new MusterError("source-failed", `the job process ended ${how} without a result: ${stderr.trim()}`, {
    hint: "Look at the agent's log and at the host's memory.",
  });
}

function endJob(child: ChildProcess, grace: number): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.pid !== undefined && signalGroup(child.pid, "SIGKILL"), grace);
  child.once("close", () => clearTimeout(timer));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
