import { MusterError, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import { earlier, rangesAt } from "./coverage.ts";
import { boundName, logsFolder, rangeName } from "./names.ts";
import { openFacts, openRange } from "./range-object.ts";
import type { LogRange, RangeFacts, StoredRange } from "./types.ts";

/** Whose ranges are meant. */
export interface LogPlace {
  readonly domain: DomainContext;
  readonly source: string;
  readonly identity: string;
}

/** A stored range with its facts. Throws `repository-corrupt`, `object-missing`. */
export function readStored(
  { domain, source, identity }: LogPlace,
  range: LogRange,
  signal?: AbortSignal,
): Promise<{ readonly facts: RangeFacts; readonly pieces: readonly Buffer[] }> {
  const object = boundName(source, identity, rangeName(range));
  const key = logsFolder(domain) + object;
  return readHealthy(domain, key, async () =>
    openRange(domain, object, await domain.store.get(key, { signal }), Number(range.end - range.start)),
  );
}

/** What is asked for first: facts are short. */
const usualFacts = 4096;

/** The facts of a stored range, mostly without reading its bytes. */
export async function readFacts(place: LogPlace, range: StoredRange, signal?: AbortSignal): Promise<RangeFacts> {
  const { domain, source, identity } = place;
  const object = boundName(source, identity, rangeName(range));
  const part = { offset: 0, length: Math.min(range.size, usualFacts) };
  const start = await domain.store.get(logsFolder(domain) + object, { signal, range: part });
  try {
    return await openFacts(domain, object, start);
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "repository-corrupt") throw thrown;
    return (await readStored(place, range, signal)).facts; // long, or damaged there and whole elsewhere
  }
}

/** The bytes of a range, joined from stored ones. See `SourceLog.read`. */
export async function* readRange(
  place: LogPlace,
  range: LogRange,
  stored: readonly StoredRange[],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = range.start; at < range.end; ) {
    throwIfAborted(signal);
    const found = await readFirstWhole(place, rangesAt(stored, range.timeline, at), signal);
    if (found === undefined) throw gapAt(place, range, at);
    const until = earlier(found.range.end, range.end);
    yield* cut(found.pieces, Number(at - found.range.start), Number(until - found.range.start));
    at = until;
  }
}

async function readFirstWhole(place: LogPlace, candidates: readonly StoredRange[], signal: AbortSignal | undefined) {
  let failure: unknown;
  for (const range of candidates) {
    try {
      return { range, pieces: (await readStored(place, range, signal)).pieces };
    } catch (thrown) {
      // Damaged, or swept since the listing as something that others have too.
      if (!(thrown instanceof MusterError) || !["repository-corrupt", "object-missing"].includes(thrown.code))
        throw thrown;
      failure ??= thrown;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

function* cut(pieces: readonly Buffer[], from: number, until: number): Generator<Uint8Array> {
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(Math.max(0, from - at), Math.max(0, until - at));
    if (part.length > 0) yield part;
    at += piece.length;
  }
}

function gapAt({ source, identity }: LogPlace, range: LogRange, at: bigint): MusterError {
  const message = `the log of ${source} (${identity}) has nothing at ${at.toString(16)} of timeline ${range.timeline}`;
  return new MusterError("log-gap", message, { details: { timeline: range.timeline, position: at.toString(16) } });
}
