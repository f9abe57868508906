import { coverage, type LogRange } from "@muster/repository";
import { segmentStart } from "../lsn.ts";
import type { TimelineSpan } from "../timeline-history.ts";

/** Where a stream begins. */
export interface StreamStart {
  readonly timeline: number;
  /** The start of a segment, so that whole segments come to be. */
  readonly start: bigint;
  /** What is before it is in the log. */
  readonly durable: bigint;
  /** WAL that the log misses and the server does not have any more, if there is such. */
  readonly gap?: { readonly start: bigint; readonly end: bigint };
}

/**
 * Where to go on: behind what the log has of the newest timeline of the server's past; at the branch when that timeline is had up
 * to there. Without anything in the log: where the server's slot begins.
 */
export function planStart(options: {
  readonly ranges: readonly LogRange[];
  /** The server's past, its present timeline last. */
  readonly past: readonly TimelineSpan[];
  readonly segmentSize: number;
  /** From where on the slot keeps WAL. */
  readonly kept: bigint;
  /** What is before it is gone from the server, as it said. */
  readonly lostBefore?: bigint | undefined;
}): StreamStart {
  const { ranges, past, segmentSize, kept, lostBefore } = options;
  const reached = furthest(ranges, past);
  const present = past.at(-1)?.timeline ?? 1;
  const begin = (timeline: number, durable: bigint): StreamStart => {
    const start = segmentStart(durable, segmentSize);
    if (lostBefore === undefined || start >= lostBefore) return { timeline, start, durable };
    const later = segmentStart(lostBefore, segmentSize);
    const { timeline: then } = past.find(({ end }) => end === undefined || later < end) ?? { timeline: present };
    return { timeline: then, start: later, durable: later, gap: { start: durable, end: later } };
  };
  if (reached === undefined) return begin(present, segmentStart(kept, segmentSize));
  const { index, end } = reached;
  const branch = past[index]?.end;
  if (branch === undefined || end < branch) return begin(past[index]?.timeline ?? present, end);
  // All of that timeline is there: the next one begins in the segment of the branch.
  return begin(past[index + 1]?.timeline ?? present, segmentStart(branch, segmentSize));
}

/** The newest timeline of the past that the log has something of, and up to where. */
function furthest(ranges: readonly LogRange[], past: readonly TimelineSpan[]) {
  for (let index = past.length - 1; index >= 0; index--) {
    const spans = coverage(ranges, past[index]?.timeline ?? 0);
    const last = spans.at(-1);
    if (last !== undefined) return { index, end: last.end };
  }
  return undefined;
}
