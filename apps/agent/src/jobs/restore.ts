import { statfs } from "node:fs/promises";
import { MusterError } from "@muster/core";
import { type CheckRestore, type JsonObject, type PointFacts, type Restore, timestampMs } from "@muster/protocol/grpc";
import type { Facts, PointToRestore, RestoreRequest, Source, SourceContext } from "../sources/source.ts";
import type { Outcome } from "../work/failure.ts";
import { unfinishedRestore } from "./give-up-restore.ts";
import type { OwnAccess } from "./grant.ts";
import { detourLog, openNearest } from "./nearest-copy.ts";

/** Finds every reason why a restore would fail; touches nothing. */
export async function checkRestore(source: Source, context: SourceContext, work: CheckRestore): Promise<Outcome> {
  const request = { point: pointOf(work.point), asideId: "", allowNewTarget: work.allowNewTarget };
  const findings = [...typeFindings(source, request), ...(await source.checkRestore(context, request))];
  const { bavail, bsize } = await statfs(context.stateDirectory);
  return { case: "check", value: { findings, freeBytes: BigInt(bavail * bsize) } };
}

/** Puts a recovery point in place of what is there, which is moved aside. */
export async function restore(source: Source, context: SourceContext, work: Restore, own: OwnAccess): Promise<Outcome> {
  const { asideId, allowNewTarget } = work;
  const request: RestoreRequest = { point: pointOf(work.point), asideId, allowNewTarget };
  const [wrong] = typeFindings(source, request);
  if (wrong !== undefined) throw new MusterError("wrong-target", wrong.message);
  const detours = detourLog();
  const domain = await openNearest(work, own, { signal: context.signal, onDetour: detours.note });
  const reader = await domain.openPoint(request.point.pointId);
  const done = await source.restore(context, reader, request).catch(async (thrown: unknown) => {
    throw await unfinishedRestore(source, context, asideId, thrown);
  });
  return {
    case: "restored",
    value: {
      bytes: BigInt(done.bytes),
      items: BigInt(done.items),
      asideId: done.movedAside ? asideId : "",
      notes: [...done.notes, ...detours.notes()],
      // Facts are JSON by their type; the wire's type wants them mutable.
      facts: { ...done.facts, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } as JsonObject,
    },
  };
}

function typeFindings(source: Source, { point }: RestoreRequest) {
  if (point.sourceType === source.type) return [];
  const message = `the recovery point is of a ${point.sourceType} source, and "${source.name}" is ${source.type}`;
  const hint = "Choose a source of the same type.";
  return [{ severity: "error" as const, code: "wrong-target", message, hint }];
}

function pointOf(point: PointFacts | undefined): PointToRestore {
  if (point?.takenAt === undefined) throw new MusterError("internal", "the command names no recovery point");
  return {
    pointId: point.pointId,
    sourceType: point.sourceType,
    logicalBytes: Number(point.logicalBytes),
    takenAt: timestampMs(point.takenAt),
    host: point.host,
    facts: (point.facts ?? {}) as Facts, // a Struct is JSON
  };
}
