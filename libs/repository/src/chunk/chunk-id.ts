import { Blake3Hasher } from "@napi-rs/blake-hash";

export const idLength = 32;

/** Computes ids: keyed BLAKE3 of the plain bytes, so that an id tells nothing to who lacks the domain's key. */
export interface ChunkIds {
  of(plain: Uint8Array): Buffer;
}

export function chunkIds(key: Buffer): ChunkIds {
  const hasher = Blake3Hasher.newKeyed(key);
  return {
    of(plain) {
      hasher.reset(); // keeps the key
      return hasher.update(plain).digestBuffer();
    },
  };
}
