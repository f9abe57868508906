import type { LogListing, SourceLog } from "@muster/repository";
import { segmentSizeOf } from "../fetch/archived-file.ts";
import { segmentStart } from "../lsn.ts";
import { type FoundRecord, walScanner } from "../records/scanner.ts";
import type { TimelinePath } from "./timeline-path.ts";

/** A part of a path on one timeline. */
export interface PathPart {
  readonly timeline: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** The parts of a path from a position to the end of its log. */
export function partsOf({ spans, end }: TimelinePath, from: bigint): PathPart[] {
  let start = from;
  return spans.flatMap(({ timeline, end: branch }) => {
    const until = timeline === end.timeline ? end.lsn : (branch ?? start);
    const part = { timeline, start, end: until };
    start = until;
    return part.start < part.end ? [part] : [];
  });
}

/** Reads a part and tells of the records in it that recovery can stop at; returns where the last record begins. */
export async function scanPart(
  log: SourceLog,
  listing: LogListing,
  { timeline, start, end }: PathPart,
  onRecord: (found: FoundRecord) => void,
  signal?: AbortSignal,
): Promise<bigint | undefined> {
  const segmentSize = segmentSizeOf(log);
  const pageSize = Number(log.properties.pageSize ?? 8192);
  const first = segmentStart(start, segmentSize);
  const scanner = walScanner({ start: first, segmentSize, pageSize }, (found) => {
    if (found.lsn >= start && found.lsn < end) onRecord(found);
  });
  for await (const piece of log.read({ timeline, start: first, end }, listing, { signal })) scanner.feed(piece);
  return scanner.lastRecord;
}
