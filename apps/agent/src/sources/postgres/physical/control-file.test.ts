import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster } from "../../../testing/postgres-cluster.ts";
import { controlPath, readControlFile } from "./control-file.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-control-"));
const path = join(scratch, controlPath);
const { signal } = new AbortController();
let whole: Buffer;

beforeAll(async () => {
  await using cluster = await startCluster({ walSegmentSize: 16 });
  whole = await readFile(join(cluster.dataDirectory, controlPath));
  await mkdir(join(scratch, "global"));
}, 60_000);
afterAll(() => rm(scratch, { recursive: true }));

test("what a server wrote is read", async () => {
  await writeFile(path, whole);
  const control = await readControlFile(scratch, signal);
  expect(control).toMatchObject({
    timeline: 1,
    pageSize: 8192,
    segmentPages: 131_072,
    walSegmentSize: 2 ** 24,
    checksums: true,
  });
  expect(control.redo).toBeGreaterThan(0n);
});

test("6: one that is read torn is read again until it is whole", async () => {
  const torn = Buffer.from(whole);
  torn[40] = (torn[40] ?? 0) ^ 0xff;
  await writeFile(path, torn);
  const reading = readControlFile(scratch, signal);
  await writeFile(path, whole);
  expect((await reading).bytes.equals(whole)).toBe(true);
});

test("6: one that stays torn is never taken", async () => {
  await writeFile(path, whole.subarray(0, 300));
  await expect(readControlFile(scratch, signal)).rejects.toMatchObject({ code: "source-failed" });
});

test("6: without one there is no data directory", async () => {
  await rm(path);
  await expect(readControlFile(scratch, signal)).rejects.toMatchObject({ code: "not-found" });
});
