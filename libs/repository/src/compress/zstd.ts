import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { malformed } from "../encoding/byte-reader.ts";

/** 0: as it is; 1: one Zstandard frame (RFC 8878). */
export type Method = 0 | 1;

const compressFrame = promisify(zstdCompress);
const decompressFrame = promisify(zstdDecompress);

/** Compresses in libuv's pool; what does not become smaller stays as it is. */
export async function compress(plain: Uint8Array, level: number): Promise<{ method: Method; body: Uint8Array }> {
  const frame = await compressFrame(plain, {
    chunkSize: plain.length + (plain.length >> 8) + 1024, // the worst case, so that one call does it
    pledgedSrcSize: plain.length,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  });
  return frame.length < plain.length ? { method: 1, body: frame } : { method: 0, body: plain };
}

/** The inverse; throws `repository-corrupt` when the outcome is not exactly `plainLength` bytes. */
export async function decompress(method: Method, body: Buffer, plainLength: number): Promise<Buffer> {
  const plain = await plainOf(method, body, plainLength);
  if (plain.length !== plainLength) throw malformed("a compressed body", `is not ${plainLength} bytes long`);
  return plain;
}

async function plainOf(method: Method, body: Buffer, plainLength: number): Promise<Buffer> {
  switch (method) {
    case 0:
      return body;
    case 1:
      return decompressFrame(body, {
        chunkSize: Math.max(64, plainLength),
        maxOutputLength: Math.max(64, plainLength),
      });
    default:
      throw malformed("a compressed body", `has the unknown method ${method satisfies never}`);
  }
}
