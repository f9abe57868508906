import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@muster/core";
import type { Facts, RestoreRequest, SourceContext } from "../sources/source.ts";

export interface TestContext extends SourceContext, AsyncDisposable {
  readonly notes: string[];
}

/** A context with private directories of its own; `onProgress` sees every note. Disposing removes the directories. */
export async function testContext(options: Partial<SourceContext> = {}): Promise<TestContext> {
  const home = await mkdtemp(join(tmpdir(), "muster-source-"));
  const stateDirectory = join(home, "state");
  const workDirectory = join(home, "work");
  await mkdir(stateDirectory);
  await mkdir(workDirectory);
  const notes: string[] = [];
  return {
    signal: AbortSignal.timeout(100_000),
    clock: systemClock,
    log: silentLogger,
    stateDirectory,
    workDirectory,
    progress: (_done, _total, _unit, note) => void notes.push(note),
    notes,
    ...options,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** A request to restore what a backup returned. */
export function requestFor(
  type: "postgres" | "redis" | "files" | "command",
  backup: { takenAt: number; facts: Facts },
  asideId = "rec_1",
): RestoreRequest {
  const point = { pointId: "point_1", sourceType: type, logicalBytes: 1000, host: "test-host", ...backup };
  return { point, asideId, allowNewTarget: false };
}
