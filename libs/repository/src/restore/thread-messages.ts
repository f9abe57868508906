import type { ErrorValue } from "@muster/core";
import type { SealOwner } from "../encrypt/box.ts";
import type { FileMeta } from "./new-file.ts";

/** What a thread that restores is started with. */
export interface RestoreThreadSettings {
  readonly owner: SealOwner;
  /** The domain's key for chunk ids. */
  readonly idKey: Uint8Array;
}

/** A chunk within the plain bytes of a segment. */
export interface ChunkSpan {
  readonly id: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** A file whose content lies in one segment: the thread makes it as a whole. */
export interface WholeFile {
  readonly path: Uint8Array;
  readonly meta: FileMeta;
  readonly chunks: readonly ChunkSpan[];
}

/** A chunk of a file that others write to as well; the descriptor is open in this process. */
export interface FilePiece {
  readonly path: Uint8Array;
  readonly descriptor: number;
  /** Open for writing past the page cache, where the file system does that. */
  readonly direct: number | undefined;
  /** Where in the file, in bytes. */
  readonly position: number;
  readonly chunk: ChunkSpan;
}

/** To a thread: a segment, and what of it goes where. The box is in memory that is lent, or moved, not copied. */
export interface RestoreRequest {
  readonly packId: Uint8Array;
  readonly position: number;
  readonly plainLength: number;
  readonly box: Uint8Array;
  /** From `encodeWholeFiles`. */
  readonly files: Uint8Array;
  readonly pieces: readonly FilePiece[];
}

/** From a thread, one for each request, in their order. */
export type RestoreAnswer = { readonly kind: "written" } | { readonly kind: "failed"; readonly error: ErrorValue };
