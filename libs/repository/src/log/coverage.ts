import type { LogRange } from "./types.ts";

/** A part of a log without a break, or one that is missing. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** What the ranges of one timeline cover together, as spans without a break, in order. What is between two spans is a gap. */
export function coverage(ranges: readonly LogRange[], timeline: number): Span[] {
  const spans: { start: bigint; end: bigint }[] = [];
  const own = ranges.filter((range) => range.timeline === timeline);
  for (const { start, end } of own.toSorted((a, b) => compare(a.start, b.start))) {
    const last = spans.at(-1);
    if (last === undefined || start > last.end) spans.push({ start, end });
    else if (end > last.end) last.end = end;
  }
  return spans;
}

/** What is missing between the first and the last byte of a timeline. */
export function gaps(ranges: readonly LogRange[], timeline: number): Span[] {
  const spans = coverage(ranges, timeline);
  return spans.flatMap(({ end }, index) => {
    const next = spans[index + 1];
    return next === undefined ? [] : [{ start: end, end: next.start }];
  });
}

/** The end of what is covered without a break from `position` on; `position` itself when nothing is there. */
export function coveredUntil(ranges: readonly LogRange[], timeline: number, position: bigint): bigint {
  const span = coverage(ranges, timeline).find(({ start, end }) => start <= position && position < end);
  return span?.end ?? position;
}

/** The ranges that have the byte at `position`, the one that goes on furthest first. */
export function rangesAt<T extends LogRange>(ranges: readonly T[], timeline: number, position: bigint): T[] {
  const found = ranges.filter((one) => one.timeline === timeline && one.start <= position && position < one.end);
  return found.sort((a, b) => compare(b.end, a.end) || compare(a.start, b.start));
}

/** The timelines that have ranges, in order. */
export function timelinesOf(ranges: readonly LogRange[]): number[] {
  return [...new Set(ranges.map(({ timeline }) => timeline))].sort((a, b) => a - b);
}

export function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function earlier(a: bigint, b: bigint): bigint {
  return compare(a, b) < 0 ? a : b;
}
