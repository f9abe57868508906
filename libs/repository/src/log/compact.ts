import { compare } from "./coverage.ts";
import type { LogRange, RangeFacts, SourceLog, StoredRange } from "./types.ts";

/**
 * Stores a range as one object that is there in several, which stay until the sweeper removes them. Returns the bytes stored, 0
 * when it is one already. Throws `log-gap` when a part is missing. `merge` makes the facts of the whole of those of its parts,
 * in order.
 */
export async function compactRange(
  log: SourceLog,
  range: LogRange,
  ranges: readonly StoredRange[],
  merge: (parts: readonly RangeFacts[]) => RangeFacts,
  signal?: AbortSignal,
): Promise<number> {
  const same = ({ timeline, start, end }: LogRange): boolean =>
    timeline === range.timeline && start === range.start && end === range.end;
  if (ranges.some(same)) return 0;
  const within = ranges.filter(
    (one) => one.timeline === range.timeline && one.start < range.end && one.end > range.start,
  );
  const bytes: Uint8Array[] = [];
  for await (const piece of log.read(range, { ranges: within }, { signal })) bytes.push(piece);
  const facts: RangeFacts[] = [];
  for (const one of within) facts.push(await log.facts(one, { signal }));
  return log.append(range, bytes, merge(facts), { signal });
}

/** The stored ranges of a listing that another one contains wholly: they may go once that one is durable. */
export function supersededRanges(ranges: readonly StoredRange[]): StoredRange[] {
  const sorted = ranges.toSorted(
    (a, b) => a.timeline - b.timeline || compare(a.start, b.start) || compare(b.end, a.end),
  );
  let furthest: StoredRange | undefined;
  return sorted.filter((range) => {
    if (furthest?.timeline === range.timeline && furthest.end >= range.end) return true;
    furthest = range;
    return false;
  });
}
