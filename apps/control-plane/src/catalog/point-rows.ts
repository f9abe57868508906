import type { PointCreated } from "@muster/protocol/grpc";
import { timestampDate } from "@muster/protocol/grpc";
import type { NewPointRow } from "./points-store.ts";

/** The catalog's row for a point that an agent has made; `now` stands in for times that it did not send. */
export function pointRow(
  place: { service: string; source: string; host: string; repository: string },
  point: PointCreated,
  now: Date,
): NewPointRow {
  const finishedAt = point.finishedAt === undefined ? now : timestampDate(point.finishedAt);
  const startedAt = point.startedAt === undefined ? finishedAt : timestampDate(point.startedAt);
  return {
    id: point.pointId,
    service: place.service,
    source: place.source,
    sourceType: point.sourceType,
    repository: place.repository,
    host: place.host,
    startedAt,
    takenAt: point.takenAt === undefined ? startedAt : timestampDate(point.takenAt),
    finishedAt,
    logicalBytes: Number(point.logicalBytes),
    storedBytes: Number(point.storedBytes),
    entries: Number(point.entries),
    facts: point.facts ?? {},
  };
}
