import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileStore } from "@muster/object-store";
import { initRepository } from "@muster/repository";
import { afterAll, expect, it } from "vitest";
import { testJobs } from "../testing/jobs.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-job-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a job may take at its peak, in MB; several times the data that it holds at any moment, a fraction of what it moves. */
const most = 350;

it("backs up and restores 400 MB of large and small files in less than 350 MB of memory", async () => {
  const root = join(folder, "data");
  const large = randomBytes(50_000_000);
  mkdirSync(join(root, "small"), { recursive: true });
  for (let n = 0; n < 8; n++) {
    large.writeUInt32LE(n, 25_000_000); // each has a chunk of its own
    large.reverse(); // and every other one no chunk of the one before
    writeFileSync(join(root, `large-${n}`), large);
  }
  for (let n = 0; n < 2000; n++) writeFileSync(join(root, "small", `${n}`), large.subarray(n * 1000, n * 1000 + 6000));

  const place = join(folder, "repository");
  const grant = (await initRepository(await createFileStore(place), { passphrase: "memory" })).grant("bench");
  const jobs = await testJobs(folder, { type: "files", root }, `file://${place}`, grant);
  const { point, peakMemoryBytes: backup } = await jobs.backUp();
  rmSync(join(root, "large-7"));
  const { peakMemoryBytes: restore } = await jobs.restore(point, "memory");
  expect(readFileSync(join(root, "large-7")).equals(large)).toBe(true);
  process.stderr.write(`peak memory: backup ${backup / 1e6} MB, restore ${restore / 1e6} MB\n`);
  for (const peak of [backup, restore]) {
    expect(peak / 1e6).toBeGreaterThan(40); // it was measured
    expect(peak / 1e6).toBeLessThan(most);
  }
});
