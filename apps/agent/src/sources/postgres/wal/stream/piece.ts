import { longestRange } from "@muster/repository";

/** A whole aligned part of the log: a segment, or 16 MiB of a larger one. Its bytes arrive in order from its start. */
export interface Piece {
  readonly start: bigint;
  readonly length: number;
  readonly buffer: Buffer;
  /** Bytes that have arrived. */
  filled: number;
  /** Bytes that were handed over to be stored, or were durable before. */
  stored: number;
  /** How many ranges its bytes are stored in; more than one are compacted. */
  ranges: number;
  /** Its ranges on their way to the store. */
  readonly puts: Promise<void>[];
}

/** How long a piece is with this segment size. */
export function pieceLength(segmentSize: number): number {
  return Math.min(segmentSize, longestRange);
}

export interface PiecePool {
  take(start: bigint): Piece;
  give(piece: Piece): void;
}

/** Reuses the buffers: fresh memory of that size costs more than its compression. */
export function piecePool(length: number): PiecePool {
  const free: Buffer[] = [];
  return {
    take: (start) => ({
      start,
      length,
      buffer: free.pop() ?? Buffer.allocUnsafeSlow(length),
      filled: 0,
      stored: 0,
      ranges: 0,
      puts: [],
    }),
    give: ({ buffer }) => void free.push(buffer),
  };
}
