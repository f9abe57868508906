import { mapLimit } from "@muster/core";
import type { LogListing, SourceLog, StoredRange } from "@muster/repository";
import { segmentSizeOf } from "../fetch/archived-file.ts";
import { decodeFacts, factsGatherer, type WalFacts } from "../records/range-facts.ts";
import { pieceLength } from "../stream/piece.ts";
import { type PathPart, partsOf, scanPart } from "./scan-path.ts";
import type { TimelinePath } from "./timeline-path.ts";

/** A log as it was listed, and the way through it. */
export interface LogOnPath {
  readonly log: SourceLog;
  readonly listing: LogListing;
  readonly path: TimelinePath;
  readonly signal?: AbortSignal | undefined;
}

/** Facts that are read at once. */
const parallel = 8;

/** What is known of the WAL between two positions, part by part in order. */
export function factsBetween(on: LogOnPath, from: bigint, until: bigint): Promise<WalFacts[]> {
  return mapLimit(piecesOf(on, from, until), parallel, (part) => factsOf(on, part));
}

/** The way between two positions, cut where compacted ranges are. */
export function piecesOf({ log, path }: LogOnPath, from: bigint, until: bigint): PathPart[] {
  const length = BigInt(pieceLength(segmentSizeOf(log)));
  return partsOf(path, from).flatMap(({ timeline, start, end }) => {
    const last = end < until ? end : until;
    const pieces: PathPart[] = [];
    for (let at = start; at < last; ) {
      const border = at - (at % length) + length;
      const next = border < last ? border : last;
      pieces.push({ timeline, start: at, end: next });
      at = next;
    }
    return pieces;
  });
}

/** By the facts of the stored range where there is one for exactly this part, else by reading it. */
export async function factsOf({ log, listing, signal }: LogOnPath, part: PathPart): Promise<WalFacts> {
  const stored = listing.ranges.find((range) => isPart(range, part));
  if (stored !== undefined) return decodeFacts(await log.facts(stored, { signal }));
  const gatherer = factsGatherer();
  await scanPart(log, listing, part, (found) => gatherer.add(found), signal);
  return gatherer.take();
}

function isPart({ timeline, start, end }: StoredRange, part: PathPart): boolean {
  return timeline === part.timeline && start === part.start && end === part.end;
}
