import type { ErrorValue } from "@muster/core";
import type { SealOwner } from "../encrypt/box.ts";
import type { SealOptions } from "./pack-builder.ts";

/** What a thread is started with. */
export interface ThreadSettings {
  readonly owner: SealOwner;
  readonly options: SealOptions;
}

/** To a thread. Buffers are lent: until they come back, nobody else touches them. */
export type ThreadRequest =
  | {
      readonly kind: "segment";
      readonly buffer: SharedArrayBuffer;
      readonly length: number;
      /** The chunks' ids one after another, and their lengths. */
      readonly ids: Uint8Array;
      readonly lengths: readonly number[];
    }
  /** A buffer to build a pack in: a new one, or one whose pack is stored. */
  | { readonly kind: "pack-buffer"; readonly buffer: SharedArrayBuffer }
  | { readonly kind: "finish" };

/** From a thread. */
export type ThreadAnswer =
  /** A segment is sealed; here is its buffer again. */
  | { readonly kind: "sealed"; readonly buffer: SharedArrayBuffer }
  | {
      readonly kind: "pack";
      readonly buffer: SharedArrayBuffer;
      readonly bodyLength: number;
      readonly packId: Uint8Array;
      readonly tail: Uint8Array;
      readonly footer: Uint8Array;
    }
  /** Everything that was asked for is sealed and handed over. */
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly error: ErrorValue };
