import { type Backup, type JsonObject, timestampFromMs } from "@muster/protocol/grpc";
import type { Source, SourceContext } from "../sources/source.ts";
import type { Outcome } from "../work/failure.ts";
import { backupProgress } from "./backup-progress.ts";
import { openGrant } from "./grant.ts";
import type { JobRequest } from "./messages.ts";

/** Writes one recovery point: it exists once the repository has committed it, and not at all when anything fails before. */
export async function backUp(
  source: Source,
  context: SourceContext,
  work: Backup,
  request: Pick<JobRequest, "host" | "repositories" | "identityFile">,
): Promise<Outcome> {
  const { host } = request;
  const { clock, signal } = context;
  const startedAt = clock.now();
  const domain = await openGrant(work.repository, request);
  const spec = { source: work.source, kind: source.type, host, startedAt };
  const progress = backupProgress(context.progress, Number(work.expectedBytes));
  const writer = await domain.beginPoint(spec, { signal, clock, onProgress: progress.fromWriter });
  try {
    const { takenAt, facts } = await source.backup({ ...context, progress: progress.fromSource }, writer, work);
    const point = await writer.commit({ takenAt, facts });
    return {
      case: "point",
      value: {
        pointId: point.id,
        sourceType: source.type,
        repository: work.repository?.repository ?? "",
        startedAt: timestampFromMs(startedAt),
        takenAt: timestampFromMs(takenAt),
        finishedAt: timestampFromMs(clock.now()),
        logicalBytes: BigInt(point.logicalBytes),
        storedBytes: BigInt(point.storedBytes),
        entries: BigInt(point.entries),
        // Facts are JSON by their type; the wire's type wants them mutable.
        facts: { ...facts, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } as JsonObject,
      },
    };
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
}
