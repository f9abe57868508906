import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { malformed } from "../encoding/byte-reader.ts";

/** 0: as it is; 1: one Zstandard frame (RFC 8878). */
export type Method = 0 | 1;

const decompressFrame = promisify(zstdDecompress);

/**
 * Bytes of output that zlib gives at a time. Its handles hold on to their last piece until V8's full collection, so pieces of
 * the whole length would pile up: 159 MB instead of 120 were resident, at the same speed.
 */
const outputPiece = 128 * 1024;

/** What does not become smaller stays as it is. */
export function compress(plain: Uint8Array, level: number): { method: Method; body: Uint8Array } {
  return smaller(plain, zstdCompressSync(plain, settings(plain, level)));
}

const compressFrame = promisify<Uint8Array, object, Buffer>(zstdCompress);

/** The same in libuv's pool, so that several pieces are compressed at once and the caller's thread goes on. */
export async function compressInPool(plain: Uint8Array, level: number): Promise<{ method: Method; body: Uint8Array }> {
  return smaller(plain, await compressFrame(plain, settings(plain, level)));
}

function settings(plain: Uint8Array, level: number) {
  return {
    chunkSize: outputPiece,
    pledgedSrcSize: plain.length,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  };
}

function smaller(plain: Uint8Array, frame: Buffer): { method: Method; body: Uint8Array } {
  return frame.length < plain.length ? { method: 1, body: frame } : { method: 0, body: plain };
}

/** What is handed to another thread at least: for less, handing it over takes longer than the work. */
const worthHandingOver = 16_384;

/** The inverse, for much of it in libuv's pool; throws `repository-corrupt` when the outcome is not exactly `plainLength` bytes. */
export async function decompress(method: Method, body: Buffer, plainLength: number): Promise<Buffer> {
  if (method === 0 || plainLength < worthHandingOver) return decompressSync(method, body, plainLength);
  if (method === 1) return checked(await decompressFrame(body, sizes(plainLength)), plainLength);
  throw unknownMethod(method);
}

/** The same in the caller's thread. */
export function decompressSync(method: Method, body: Buffer, plainLength: number): Buffer {
  if (method === 0) return checked(body, plainLength);
  if (method === 1)
    return checked(zstdDecompressSync(body, { ...sizes(plainLength), chunkSize: outputPiece }), plainLength);
  throw unknownMethod(method);
}

function sizes(plainLength: number) {
  return { chunkSize: Math.max(64, plainLength), maxOutputLength: Math.max(64, plainLength) };
}

function checked(plain: Buffer, plainLength: number): Buffer {
  if (plain.length === plainLength) return plain;
  throw malformed("a compressed body", `is not ${plainLength} bytes long`);
}

function unknownMethod(method: never): Error {
  return malformed("a compressed body", `has the unknown method ${method}`);
}
