import type { FilePiece } from "./thread-messages.ts";

/** Pieces that follow each other both in the segment and in the file, so that they can be written with one call. */
export interface PieceRun {
  readonly pieces: readonly [FilePiece, ...FilePiece[]];
}

/** Puts pieces that follow each other together; they come in the order of their files. */
export function* runsOf(pieces: readonly FilePiece[]): Generator<PieceRun> {
  let run: [FilePiece, ...FilePiece[]] | undefined;
  let last: FilePiece | undefined;
  for (const piece of pieces) {
    if (run !== undefined && last !== undefined && follows(piece, last)) run.push(piece);
    else {
      if (run !== undefined) yield { pieces: run };
      run = [piece];
    }
    last = piece;
  }
  if (run !== undefined) yield { pieces: run };
}

function follows({ descriptor, position, chunk }: FilePiece, before: FilePiece): boolean {
  return (
    descriptor === before.descriptor &&
    position === before.position + before.chunk.length &&
    chunk.offset === before.chunk.offset + before.chunk.length
  );
}

/** Bytes that a run writes. */
export function lengthOf({ pieces }: PieceRun): number {
  return pieces.reduce((sum, { chunk }) => sum + chunk.length, 0);
}
