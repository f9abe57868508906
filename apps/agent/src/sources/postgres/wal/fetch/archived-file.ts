import { MusterError } from "@muster/core";
import { coveredUntil, type LogListing, type SourceLog } from "@muster/repository";
import { formatLsn, parseSegmentName, type SegmentName } from "../lsn.ts";

/** What a log has under a name that PostgreSQL asks for. */
export type Archived =
  /** Not in the archive: the end of the log, or of what a timeline has. */
  | { readonly kind: "missing" }
  /** A segment that is whole, and will be the same whenever it is asked for. */
  | { readonly kind: "segment"; readonly segment: SegmentName }
  /** The last of a timeline: to be padded with zeros from `end` on. */
  | { readonly kind: "tail"; readonly segment: SegmentName; readonly end: bigint }
  /** A timeline's history, or what a promoted standby had of the segment in which it was promoted. */
  | { readonly kind: "file"; readonly name: string };

/** What is there. */
export type Present = Exclude<Archived, { kind: "missing" }>;

/** The segment size that a log was begun with, in bytes. Throws `log-identity` for a log that is not of WAL. */
export function segmentSizeOf(log: Pick<SourceLog, "properties" | "source">): number {
  const { kind, segmentSize } = log.properties;
  if (kind === "wal" && typeof segmentSize === "number") return segmentSize;
  throw new MusterError("log-identity", `the log of ${log.source} is not one of PostgreSQL's WAL`);
}

/**
 * Finds what a name stands for. A hole with more of the same timeline behind it is an error, `log-gap`, and never the end: PostgreSQL would
 * end its recovery there as if all were well.
 */
export function findArchived(name: string, { ranges, files }: LogListing, segmentSize: number): Archived {
  const segment = parseSegmentName(name, segmentSize);
  if (segment === undefined) return files.includes(name) ? { kind: "file", name } : { kind: "missing" };
  const { timeline, start } = segment;
  const end = start + BigInt(segmentSize);
  const until = coveredUntil(ranges, timeline, start);
  if (until >= end) return { kind: "segment", segment };
  const own = ranges.filter((range) => range.timeline === timeline);
  const before = until > start || own.some((range) => range.start < start);
  const behind = own.some((range) => range.start > until);
  if (before && behind) throw gap(name, until);
  if (until > start) return { kind: "tail", segment, end: until };
  return files.includes(`${name}.partial`) ? { kind: "file", name: `${name}.partial` } : { kind: "missing" };
}

function gap(name: string, at: bigint): MusterError {
  return new MusterError(
    "log-gap",
    `the log misses WAL at ${formatLsn(at)}, in segment ${name}, and has more behind it`,
  );
}

/** The bytes of what was found, exactly one segment's for a segment. */
export async function* readArchived(
  log: SourceLog,
  found: Present,
  listing: LogListing,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (found.kind === "file") {
    yield await log.getFile(found.name, { signal });
    return;
  }
  const { timeline, start } = found.segment;
  const size = segmentSizeOf(log);
  const whole = start + BigInt(size);
  const end = found.kind === "tail" ? found.end : whole;
  yield* log.read({ timeline, start, end }, listing, { signal });
  if (end < whole) yield Buffer.alloc(Number(whole - end));
}

/** The segment behind it on the same timeline. */
export function segmentAfter({ timeline, start }: SegmentName, segmentSize: number): SegmentName {
  return { timeline, start: start + BigInt(segmentSize) };
}
