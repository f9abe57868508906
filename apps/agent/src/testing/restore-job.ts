import { readFileSync } from "node:fs";
import { silentLogger, systemClock } from "@muster/core";
import { commandConfigSchema, createCommandSource } from "../sources/command/index.ts";
import { createFilesSource, filesConfigSchema } from "../sources/files/index.ts";
import { createPostgresSource, postgresConfigSchema } from "../sources/postgres/index.ts";
import { createRedisSource, redisConfigSchema } from "../sources/redis/index.ts";
import type { RestoreRequest, Source } from "../sources/source.ts";
import { memoryPoint } from "./memory-point.ts";

/** What `killed-restore.ts` asks of this process; JSON in a file that the first argument names. */
export interface RestoreJob {
  readonly config: { readonly type: Source["type"] };
  readonly secrets: Record<string, string>;
  readonly point: string;
  readonly request: RestoreRequest;
  readonly stateDirectory: string;
  readonly workDirectory: string;
  /** The process kills itself as soon as a progress note begins like this. */
  readonly killAt: string;
}

/** A restore in a process of its own that dies by SIGKILL at a named moment: no handler, no `finally` runs. */
async function main(): Promise<void> {
  const job = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as RestoreJob; // written by killed-restore.ts
  const context = {
    signal: AbortSignal.timeout(60_000),
    clock: systemClock,
    log: silentLogger,
    stateDirectory: job.stateDirectory,
    workDirectory: job.workDirectory,
    progress: (_done: number, _total: number, _unit: string, note: string) => {
      if (note.startsWith(job.killAt)) process.kill(process.pid, "SIGKILL");
    },
  };
  await sourceOf(job).restore(context, memoryPoint(job.point).reader, job.request);
}

function sourceOf({ config, secrets }: RestoreJob): Source {
  switch (config.type) {
    case "postgres":
      return createPostgresSource("source", postgresConfigSchema.parse(config), secrets);
    case "redis":
      return createRedisSource("source", redisConfigSchema.parse(config), secrets);
    case "files":
      return createFilesSource("source", filesConfigSchema.parse(config), secrets);
    case "command":
      return createCommandSource("source", commandConfigSchema.parse(config), secrets);
  }
}

await main();
