import { expect, test } from "vitest";
import { seededRandom } from "../testing/random.ts";
import { chunkSizes, windowsFor } from "./cut.ts";

const random = seededRandom(17);
const gear = Uint32Array.from({ length: 256 }, () => random.bytes(4).readUInt32LE());

/** docs/format.md word by word, as slow as it is plain. */
function plainCut(bytes: Buffer): number {
  const most = Math.min(bytes.length, chunkSizes.longest);
  let hash = 0;
  for (let at = chunkSizes.shortest; at < most; at++) {
    hash = ((hash << 1) + (gear[bytes[at] ?? 0] ?? 0)) >>> 0;
    const mask = at < chunkSizes.average ? 0xfffff000 : 0xffff0000;
    if ((hash & mask) === 0) return at + 1;
  }
  return most;
}

test.each([1, 2, 3])("the module cuts where the format says, wherever in the window (%i)", (seed) => {
  const { bytes, text } = seededRandom(seed);
  const content = Buffer.concat([bytes(700_000), text(500_000), Buffer.alloc(400_000, seed), bytes(400_000)]);
  const window = windowsFor({ mode: "content" }, gear)();
  expect(content.copy(window.buffer)).toBe(content.length);
  for (let start = 0; start < content.length; start += 77_777) {
    const end = Math.min(content.length, start + seed * 700_000);
    expect(window.cut(start, end)).toBe(plainCut(content.subarray(start, end)));
  }
});

test("windows do not share their memory", () => {
  const make = windowsFor({ mode: "content" }, gear);
  const [one, other] = [make(), make()];
  one.buffer.fill(1);
  other.buffer.fill(2);
  expect([one.buffer[0], other.buffer[0]]).toEqual([1, 2]);
});
