import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, silentLogger } from "@muster/core";
import {
  BackupSchema,
  create,
  FinishAside_Verb,
  FinishAsideSchema,
  type PointFacts,
  PointFactsSchema,
  RepositoryGrantSchema,
  RestoreSchema,
} from "@muster/protocol/grpc";
import type { DomainGrant } from "@muster/repository";
import { stringify } from "yaml";
import { loadConfig } from "../config/load.ts";
import { dataDirectory } from "../data/directory.ts";
import { type JobWork, jobRunner } from "../work/job-runner.ts";

/** What one job cost. */
export interface JobCost {
  readonly seconds: number;
  /** The highest resident memory of the job's own process, in bytes. */
  readonly peakMemoryBytes: number;
}

/** What a job told of its progress: bytes done, and of how many. */
export type Told = readonly [done: number, total: number];

/** The jobs of an agent with one source `data`, run in their real processes, without a control plane. */
export interface TestJobs {
  backUp(expectedBytes?: number): Promise<JobCost & { readonly point: PointFacts; readonly told: readonly Told[] }>;
  restore(point: PointFacts, asideId: string): Promise<JobCost & { readonly told: readonly Told[] }>;
  accept(asideId: string): Promise<void>;
}

/** `source` is what agent.yaml says of it; `folder` is the agent's own. */
export async function testJobs(
  folder: string,
  source: Record<string, unknown>,
  url: string,
  grant: DomainGrant,
): Promise<TestJobs> {
  const file = join(folder, "agent.yaml");
  await writeFile(file, stringify({ data: join(folder, "agent"), sources: { data: source } }));
  const loaded = loadConfig(file);
  const runner = jobRunner({
    loaded,
    directory: dataDirectory(join(folder, "agent")),
    host: "bench",
    log: silentLogger,
  });
  const { key: domainKey, ...domain } = grant;
  const repository = create(RepositoryGrantSchema, { repository: "bench", url, ...domain, domainKey });
  const named = { service: "bench", source: "data", repository };

  const run = async (work: JobWork) => {
    const began = performance.now();
    const memory = watchMemory();
    const told: Told[] = [];
    const outcome = await runner
      .run(work, {
        signal: new AbortController().signal,
        onSpawn: memory.watch,
        progress: (done, total) => void told.push([done, total]),
      })
      .finally(memory.stop);
    return { outcome, told, seconds: (performance.now() - began) / 1000, peakMemoryBytes: memory.peak() };
  };
  return {
    async backUp(expectedBytes = 0) {
      const value = create(BackupSchema, { ...named, expectedBytes: BigInt(expectedBytes) });
      const { outcome, ...cost } = await run({ case: "backup", value });
      if (outcome.case !== "point") throw new MusterError("internal", `a backup ended as ${outcome.case}`);
      const { pointId, sourceType, logicalBytes, takenAt, facts } = outcome.value;
      const point = create(PointFactsSchema, { pointId, sourceType, logicalBytes, takenAt, facts, host: "bench" });
      return { ...cost, point };
    },
    async restore(point, asideId) {
      const { outcome: _, ...cost } = await run({
        case: "restore",
        value: create(RestoreSchema, { ...named, point, asideId }),
      });
      return cost;
    },
    async accept(asideId) {
      await run({
        case: "aside",
        value: create(FinishAsideSchema, { source: "data", asideId, verb: FinishAside_Verb.ACCEPT }),
      });
    },
  };
}

/** The kernel's own record of a process's highest resident memory, read until the process is gone. */
function watchMemory() {
  let highest = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    watch(pid: number): void {
      timer = setInterval(() => {
        highest = Math.max(highest, highWater(pid));
      }, 20);
    },
    stop: () => clearInterval(timer),
    peak: () => highest,
  };
}

function highWater(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}
