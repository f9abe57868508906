import { type ChildProcess, fork } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { backoffDelay, dataProcess, type Logger, sleep } from "@muster/core";
import {
  create,
  type LogStatus,
  LogStatusSchema,
  RepositoryGrantSchema,
  type Schedule,
  timestampFromMs,
  toBinary,
} from "@muster/protocol/grpc";
import type { LoadedConfig } from "../config/load.ts";
import type { AgentConfig } from "../config/schema.ts";
import type { DataDirectory } from "../data/directory.ts";
import { entryFile } from "../entry-file.ts";
import type { PostgresConfig } from "../sources/postgres/config.ts";
import type { WalMessage, WalRequest } from "../sources/postgres/wal/process/messages.ts";
import type { WalStatus } from "../sources/postgres/wal/stream/status.ts";

/** Protects the WAL of every source of agent.yaml that asks for it, each in a process of its own, with or without a control plane. */
export interface WalKeeper {
  /** The schedule says into which repository a source goes; the last one counts until there is another. */
  keep(schedule: Schedule): void;
  /** How each stands, for the control plane. */
  status(): LogStatus[];
  run(signal: AbortSignal): Promise<void>;
}

/** What of agent.yaml this needs. */
interface WalConfig extends Pick<LoadedConfig, "secrets"> {
  readonly config: Pick<AgentConfig, "sources" | "repositories">;
}

const lookEvery = 1000;
const backoff = { initial: 500, max: 30_000 };
/** How long a process may store what has arrived before it is killed, in milliseconds. */
const grace = 10_000;

export function walKeeper(options: {
  readonly loaded: WalConfig;
  readonly directory: DataDirectory;
  readonly log: Logger;
  readonly schedule: Schedule | undefined;
}): WalKeeper {
  let { schedule } = options;
  const latest = new Map<string, WalStatus>();

  const keepOne = async (name: string, config: PostgresConfig, signal: AbortSignal): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      const grant = grantFor(schedule, name);
      if (grant === undefined)
        await sleep(lookEvery, signal).catch(() => undefined); // the loop's condition tells an abort
      else {
        const changed = (): boolean => grantFor(schedule, name) !== grant;
        const ran = await runProcess(await requestOf(options, name, config, grant), signal, changed, (status) => {
          latest.set(name, status);
          failures = 0;
        });
        if (signal.aborted || changed()) continue;
        options.log.error({ source: name, ...ran }, "the process that protects WAL has ended and is started again");
        await sleep(backoffDelay(failures++, backoff), signal).catch(() => undefined);
      }
    }
  };
  return {
    keep(next) {
      schedule = next;
    },
    status: () => [...latest].map(([source, status]) => logStatus(source, status)),
    async run(signal) {
      const { sources } = options.loaded.config;
      await Promise.all(
        Object.entries(sources).map(([name, config]) =>
          config.type === "postgres" && config.wal !== undefined ? keepOne(name, config, signal) : undefined,
        ),
      );
    },
  };
}

/** The grant of the source's scheduled backup, in base64. */
function grantFor(schedule: Schedule | undefined, source: string): string | undefined {
  const grant = schedule?.backups.find(({ backup }) => backup?.source === source)?.backup?.repository;
  return grant === undefined ? undefined : Buffer.from(toBinary(RepositoryGrantSchema, grant)).toString("base64");
}

async function requestOf(
  { loaded, directory }: { readonly loaded: WalConfig; readonly directory: DataDirectory },
  name: string,
  config: PostgresConfig,
  grant: string,
): Promise<WalRequest> {
  const stateDirectory = join(directory.sources, name);
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const secrets = loaded.secrets.get(`sources.${name}`) ?? {};
  const { repositories } = loaded.config;
  return { grant, name, config, secrets, repositories, identityFile: directory.identity, stateDirectory };
}

/** Runs until the process ends, the signal aborts, or it should be another one. */
async function runProcess(
  request: WalRequest,
  signal: AbortSignal,
  changed: () => boolean,
  onStatus: (status: WalStatus) => void,
): Promise<{ code: number | null; signal: string | null }> {
  const child = fork(entryFile(import.meta.url, "sources/postgres/wal/process/entry.ts", "muster-agent-wal.js"), [], {
    execArgv: ["--disable-warning=ExperimentalWarning", ...dataProcess.execArgv],
    env: { ...process.env, ...dataProcess.env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  child.on("message", (message) => onStatus((message as WalMessage).status)); // from wal/process/entry.ts
  const stop = (): void => end(child);
  signal.addEventListener("abort", stop, { once: true });
  const watch = setInterval(() => changed() && stop(), lookEvery);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, by) => resolve({ code, signal: by }));
      child.send(request, (error) => error !== null && reject(error));
    });
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
  }
}

function end(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), grace);
  child.once("exit", () => clearTimeout(timer));
}

function logStatus(source: string, status: WalStatus): LogStatus {
  const bytes = (value: number | undefined) => (value === undefined ? undefined : BigInt(Math.max(0, value)));
  const time = (value: number | undefined) => (value === undefined ? undefined : timestampFromMs(Math.floor(value)));
  const { slot, error } = status;
  const known = {
    lagBytes: bytes(status.lagBytes),
    protectedUntil: time(status.protectedUntil),
    lastCommit: time(status.lastCommit),
    slotKeptBytes: bytes(slot?.keptBytes),
    slotSafeBytes: bytes(slot?.safeBytes),
    headroomBytes: bytes(status.headroomBytes),
  };
  return create(LogStatusSchema, {
    source,
    state: status.state,
    errorCode: error?.code ?? "",
    error: error?.message ?? "",
    identity: status.systemIdentifier ?? "",
    timeline: status.timeline ?? 0,
    flushed: status.flushed ?? "",
    durable: status.durable ?? "",
    slotState: slot?.state ?? "",
    gaps: status.gaps.length,
    measuredAt: timestampFromMs(status.measuredAt),
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  });
}
