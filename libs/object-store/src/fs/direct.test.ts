import { constants } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { alignedBuffer, directBlock, memoryFor } from "../memory.ts";
import { readDirect, writeDirect } from "./direct.ts";

const folder = await mkdtemp(join(tmpdir(), "muster-direct-"));
afterAll(() => rm(folder, { recursive: true }));

const file = join(folder, "file");
await writeFile(file, "");
/** Some file systems, as those in memory, do not do it; then everything must go the other way. */
const isDone = await open(file, constants.O_WRONLY | constants.O_DIRECT).then(
  (handle) => handle.close().then(() => true),
  () => false,
);

function pattern(length: number): Buffer {
  const bytes = alignedBuffer(length);
  for (let at = 0; at < length; at += 997) bytes.writeUInt8(at % 256, at);
  return bytes;
}

test("writes the whole blocks of aligned memory, and leaves the rest to the caller", async () => {
  const bytes = pattern(400_000);
  const whole = 400_000 - (400_000 % directBlock);
  expect(await writeDirect(file, bytes, 0)).toBe(isDone ? whole : 0);
  if (isDone) expect(bytes.subarray(0, whole).equals(await readFile(file))).toBe(true);
  expect(await writeDirect(file, bytes, whole)).toBe(isDone ? whole : 0);
  if (isDone) expect(bytes.subarray(0, whole).equals((await readFile(file)).subarray(whole))).toBe(true);
});

test("leaves alone what the system would refuse: other memory, other positions, little", async () => {
  const bytes = pattern(1_000_000);
  expect(await writeDirect(file, bytes.subarray(512), 0)).toBe(0);
  expect(await writeDirect(file, Buffer.from(bytes), 0)).toBe(0);
  expect(await writeDirect(file, bytes, 100)).toBe(0);
  expect(await writeDirect(file, bytes.subarray(0, 8192), 0)).toBe(0);
});

test("reads any range into memory, and what there is of one that goes beyond the end", async () => {
  const bytes = pattern(900_001);
  const path = join(folder, "to-read");
  await writeFile(path, bytes);
  const memory = alignedBuffer(memoryFor(700_000));
  const read = (offset: number, length: number) => readDirect(path, { offset, length }, memory);
  for (const [offset, length] of [
    [0, 700_000],
    [1, 700_000],
    [8192, 300_000],
    [200_001, 700_000],
  ] as const) {
    const got = await read(offset, length);
    if (isDone) expect(bytes.subarray(offset, offset + length).equals(got ?? Buffer.alloc(0))).toBe(true);
    else expect(got).toBeUndefined();
  }
  if (isDone) expect((await read(400_001, 700_000))?.byteLength).toBe(500_000);
  if (isDone) expect((await read(2_000_000, 300_000))?.byteLength).toBe(0);
  await expect(readDirect(join(folder, "none"), { offset: 0, length: 700_000 }, memory)).rejects.toThrow("ENOENT");
});
