import { type Logger, MusterError } from "@muster/core";
import type { SourceLog } from "@muster/repository";
import { formatLsn } from "../lsn.ts";
import { encodeFacts, factsGatherer, joinFacts, type WalFacts } from "../records/range-facts.ts";
import { walScanner } from "../records/scanner.ts";
import { type Piece, pieceLength, piecePool } from "./piece.ts";
import { type PutQueue, putQueue } from "./put-queue.ts";

/** Pieces in memory at most before the server has to wait. */
const mostPieces = 4;

export interface RangeWriterOptions {
  readonly log: SourceLog;
  readonly timeline: number;
  /** The start of a segment: from there on bytes are taken. */
  readonly start: bigint;
  /** Everything before it is in the log already. */
  readonly durable: bigint;
  /** What the log has from `start` on, as far as it is to be compared with what comes. */
  readonly known?: Uint8Array | undefined;
  readonly segmentSize: number;
  readonly pageSize: number;
  /** Hands over at once whenever nothing is on its way: a commit waits for it. */
  readonly eager: boolean;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told when more has become durable, with the facts of what did. */
  onDurable(position: bigint): void;
  onFacts(facts: WalFacts): void;
  /** Told when there may be room again. */
  onRoom(): void;
}

export interface RangeWriter extends Pick<PutQueue, "failed" | "drained"> {
  readonly durable: bigint;
  readonly received: bigint;
  readonly trouble: PutQueue["trouble"];
  /** Whether no more bytes should come until there is room. */
  readonly full: boolean;
  /** Takes the next bytes. Throws `log-conflict` when they are not what the log has of them, `source-failed` for a break. */
  take(start: bigint, bytes: Buffer): void;
  /** Hands over what has arrived to be stored. */
  flush(): void;
}

/** Cuts the stream into ranges and stores them; a whole piece that was stored in several is stored once more as one. */
export function rangeWriter(options: RangeWriterOptions): RangeWriter {
  const { log, timeline, segmentSize, pageSize, start, signal } = options;
  const length = pieceLength(segmentSize);
  const pool = piecePool(length);
  const queue = putQueue(
    options.durable,
    (position) => {
      options.onDurable(position);
      if (options.eager) flush();
    },
    signal,
  );
  const ranges = factsGatherer();
  let pieceFacts: WalFacts[] = [];
  const scanner = walScanner({ start, segmentSize, pageSize }, (found) => ranges.add(found));
  let inUse = 0;
  let received = start;
  let piece: Piece | undefined;

  const begin = (at: bigint): Piece => {
    inUse += 1;
    const next = pool.take(at);
    const before = options.durable - at;
    next.stored = before <= 0n ? 0 : Math.min(length, Number(before));
    next.ranges = next.stored > 0 ? 1 : 0;
    return next;
  };
  const store = (of: Piece, from: number, facts: WalFacts): Promise<number> => {
    const range = { timeline, start: of.start + BigInt(from), end: of.start + BigInt(of.filled) };
    const bytes = of.buffer.subarray(from, of.filled);
    return log.append(range, [bytes], encodeFacts(facts), { signal });
  };
  const flush = (): void => {
    if (piece === undefined || piece.filled <= piece.stored) return;
    const of = { ...piece };
    const facts = ranges.take();
    pieceFacts.push(facts);
    const put = queue.add({
      end: of.start + BigInt(of.filled),
      store: async () => {
        await store(of, of.stored, facts);
        options.onFacts(facts);
      },
    });
    piece.puts.push(put);
    piece.stored = piece.filled;
    piece.ranges += 1;
  };
  const complete = (done: Piece): void => {
    flush();
    pieceFacts.push(ranges.take()); // of bytes that were durable before
    const facts = joinFacts(pieceFacts);
    pieceFacts = [];
    piece = undefined;
    const release = (): void => {
      inUse -= 1;
      pool.give(done);
      options.onRoom();
    };
    const compact = async (): Promise<void> => {
      if (done.ranges > 1) await store(done, 0, facts);
    };
    Promise.all(done.puts)
      .then(compact)
      .catch((error: unknown) => options.logger.warn(error, "compaction is left for later"))
      .finally(release);
  };

  return {
    failed: queue.failed,
    drained: queue.drained,
    get durable() {
      return queue.durable;
    },
    get received() {
      return received;
    },
    get trouble() {
      return queue.trouble;
    },
    get full() {
      return inUse >= mostPieces;
    },
    flush,
    take(from, bytes) {
      if (from !== received) throw brokenStream(received, from);
      for (let at = 0; at < bytes.length; ) {
        piece ??= begin(received);
        const copied = bytes.copy(piece.buffer, piece.filled, at, at + length - piece.filled);
        const taken = piece.buffer.subarray(piece.filled, piece.filled + copied);
        checkKnown(options, received, taken);
        scanner.feed(taken);
        piece.filled += copied;
        received += BigInt(copied);
        at += copied;
        if (piece.filled === length) complete(piece);
      }
      if (options.eager && queue.idle) flush();
    },
  };
}

/** What comes again after a reconnection must be what the log has: another server with the same name and past would differ here. */
function checkKnown({ known, start, log, timeline }: RangeWriterOptions, at: bigint, bytes: Buffer): void {
  if (known === undefined) return;
  const from = Number(at - start);
  const expected = known.subarray(from, from + bytes.length);
  if (bytes.subarray(0, expected.length).equals(expected)) return;
  throw new MusterError(
    "log-conflict",
    `the server's WAL near ${formatLsn(at)} of timeline ${timeline} differs from that in the log of ${log.source}`,
  );
}

function brokenStream(expected: bigint, found: bigint): MusterError {
  return new MusterError(
    "source-failed",
    `the stream went on at ${formatLsn(found)} instead of ${formatLsn(expected)}`,
  );
}
