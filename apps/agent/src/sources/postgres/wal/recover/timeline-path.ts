import { MusterError } from "@muster/core";
import { coveredUntil, type LogListing, type SourceLog } from "@muster/repository";
import { formatLsn, historyName } from "../lsn.ts";
import { parseHistory, type TimelineSpan } from "../timeline-history.ts";

/** From which backup recovery begins. */
export interface RecoveryBase {
  readonly timeline: number;
  readonly startLsn: bigint;
  /** Where the backup is consistent. */
  readonly stopLsn: bigint;
  /** When it stopped, by the server's clock, in ms since the Unix epoch. */
  readonly stoppedAt: number;
}

/** The way of a recovery over timelines, and up to where its log goes. */
export interface TimelinePath {
  /** From the base's timeline on. */
  readonly spans: readonly TimelineSpan[];
  readonly timeline: number;
  /** The timeline and the position at which the log ends. */
  readonly end: { readonly timeline: number; readonly lsn: bigint };
}

/**
 * Finds the way from the base to a timeline, `latest` being the highest that descends from the base. Throws `log-gap` when WAL is missing before
 * the end of any but the last timeline, `not-found` when the timeline has no history or does not descend from the base.
 */
export async function findPath(
  log: SourceLog,
  listing: LogListing,
  base: RecoveryBase,
  wanted: "latest" | number,
): Promise<TimelinePath> {
  const known = listing.files.flatMap((name) =>
    /^[0-9A-F]{8}\.history$/.test(name) ? [Number.parseInt(name, 16)] : [],
  );
  const candidates = wanted === "latest" ? [...known.sort((a, b) => b - a), base.timeline] : [wanted];
  for (const timeline of candidates) {
    const spans = await descent(log, listing, base, timeline);
    if (spans !== undefined) return { spans, timeline, end: endOf(listing, base, spans) };
  }
  throw new MusterError(
    "not-found",
    `timeline ${wanted} does not descend from timeline ${base.timeline} at ${formatLsn(base.stopLsn)}`,
  );
}

/** The spans from the base on; undefined when the timeline's past does not have the base. */
async function descent(
  log: SourceLog,
  { files }: LogListing,
  base: RecoveryBase,
  timeline: number,
): Promise<TimelineSpan[] | undefined> {
  if (timeline === base.timeline) return [{ timeline, end: undefined }];
  const name = historyName(timeline);
  if (!files.includes(name)) return undefined;
  const spans = parseHistory(timeline, Buffer.from(await log.getFile(name)).toString("utf8"));
  const at = spans.findIndex((span) => span.timeline === base.timeline);
  const end = spans[at]?.end;
  if (at < 0 || (end !== undefined && end < base.stopLsn)) return undefined; // it branched off before the backup was consistent
  return spans.slice(at);
}

function endOf({ ranges }: LogListing, base: RecoveryBase, spans: readonly TimelineSpan[]): TimelinePath["end"] {
  let from = base.startLsn;
  let reached = { timeline: base.timeline, lsn: from };
  for (const { timeline, end } of spans) {
    const until = coveredUntil(ranges, timeline, from);
    if (end === undefined) return until > from ? { timeline, lsn: until } : reached;
    if (until < end) throw missing(timeline, until, end);
    reached = { timeline, lsn: end };
    from = end;
  }
  return reached;
}

function missing(timeline: number, from: bigint, until: bigint): MusterError {
  const message = `the log misses WAL of timeline ${timeline} from ${formatLsn(from)} to ${formatLsn(until)}`;
  return new MusterError("log-gap", message);
}
