import { expect, test } from "vitest";
import { seededRandom } from "../testing/random.ts";
import { pageSize, pageWindow } from "./page-check.ts";

const never = 2n ** 64n - 1n;

/** PostgreSQL's checksum, word by word as its checksum_impl.h has it; slow, to check the fast one by. */
function checksumOf(page: Buffer, number: number): number {
  const words = Buffer.from(page);
  words.writeUInt16LE(0, 8);
  const sums = Uint32Array.from(
    `5b1f36e9 b8525960 02ab50aa 1de66d2a 79ff467a 9bb9f8a3 217e7cd2 83e13d2c f8d4474f e39eb970 42c6ae16 993216fa
     7b093b5d 98daff3c f718902a 0b1c9cdb e58f764b 187636bc 5d7b3bb1 e73de7de 92bec979 cca6c0b2 304a0979 85aa43d4
     783125bb 6ca8eaa2 e407eac6 4b5cfc3e 9fbf8c76 15ca20be f2ca9fd3 959bd756`.split(/\s+/),
    (word) => Number.parseInt(word, 16),
  );
  const round = (at: (n: number) => number): void =>
    sums.forEach((sum, n) => {
      const mixed = (sum ^ at(n)) >>> 0;
      sums[n] = Math.imul(mixed, 16_777_619) ^ (mixed >>> 17);
    });
  for (let at = 0; at < pageSize; at += 128) round((n) => words.readUInt32LE(at + 4 * n));
  for (let n = 0; n < 2; n++) round(() => 0);
  const all = sums.reduce((sum, next) => (sum ^ next) >>> 0, 0);
  return (((all ^ number) >>> 0) % 65_535) + 1;
}

/** A page of random bytes as it would be on the disk. */
function page(seed: number, number: number, lsn = 1n): Buffer {
  const bytes = Buffer.from(seededRandom(seed).bytes(pageSize));
  bytes.writeUInt32LE(Number(lsn >> 32n), 0);
  bytes.writeUInt32LE(Number(lsn & 0xffff_ffffn), 4);
  bytes.writeUInt16LE(4096, 14);
  bytes.writeUInt16LE(checksumOf(bytes, number), 8);
  return bytes;
}

function check(pages: readonly Buffer[], { number = 0, since = never } = {}): number {
  const window = pageWindow(65_536);
  const bytes = Buffer.concat(pages);
  bytes.copy(window.buffer);
  const bad = window.firstBad(0, bytes.length, number, since);
  expect(window.buffer.subarray(0, bytes.length).equals(bytes)).toBe(true); // checking changes nothing
  return bad;
}

test("pages with the checksum of their bytes and number are good", () => {
  const first = 131_072 * 3;
  const pages = Array.from({ length: 8 }, (_, n) => page(n, first + n));
  expect(check(pages, { number: first })).toBe(-1);
  expect(check(pages, { number: first + 1 })).toBe(0);
});

test.each([0, 7, 16, 100, 8191])("one changed bit in byte %i is found", (at) => {
  const pages = [page(1, 0), page(2, 1), page(3, 2)];
  const second = pages[1] ?? Buffer.alloc(0);
  second[at] = (second[at] ?? 0) ^ 0x40;
  expect(check(pages)).toBe(pageSize);
});

test("a page that was never used is good only while it is zero throughout", () => {
  const zero = Buffer.alloc(pageSize);
  expect(check([zero, page(1, 1)])).toBe(-1);
  const dirty = Buffer.from(zero);
  dirty[pageSize - 1] = 1;
  expect(check([page(1, 0), dirty])).toBe(pageSize);
});

test("a page written at the start's place in the WAL or later is not checked", () => {
  const lsn = 0x5_0000_0028n;
  const torn = page(1, 7, lsn); // of another number, so its checksum is wrong
  expect(check([torn], { since: lsn })).toBe(-1);
  expect(check([torn], { since: lsn + 1n })).toBe(0);
});

test("what is behind the last whole page is not checked", () => {
  expect(check([page(1, 0), Buffer.alloc(100, 7)])).toBe(-1);
});
