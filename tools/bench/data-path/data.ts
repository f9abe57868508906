import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const half = 32 * 1024;

/** Bytes of which one half cannot be compressed and the other well, in turns of 32 KiB. */
function halfCompressible(length: number): Buffer {
  const bytes = randomBytes(length);
  for (let start = half; start < length; start += 2 * half) {
    const end = Math.min(length, start + half);
    for (let at = start; at < end; at++) bytes[at] = 0x61 + ((bytes[at] ?? 0) & 3);
  }
  return bytes;
}

/** One file of so many bytes. */
export function makeLargeFile(directory: string, length: number): void {
  mkdirSync(directory);
  const file = openSync(join(directory, "large"), "w");
  const piece = 8 * 2 ** 20;
  for (let made = 0; made < length; made += piece) writeSync(file, halfCompressible(Math.min(piece, length - made)));
  closeSync(file);
}

/** So many files of 0.5 to 24 KB, 100 in a directory. */
export function makeSmallFiles(directory: string, count: number): void {
  const source = halfCompressible(4 * 2 ** 20);
  for (let n = 0; n < count; n++) {
    const folder = join(directory, `d${Math.floor(n / 100)}`);
    if (n % 100 === 0) mkdirSync(folder, { recursive: true });
    const length = 512 + ((n * 7919) % 23_500);
    const start = (n * 104_729) % (source.length - length);
    writeFileSync(
      join(folder, `f${n}`),
      Buffer.concat([Buffer.from(`file ${n}\n`), source.subarray(start, start + length)]),
    );
  }
}
