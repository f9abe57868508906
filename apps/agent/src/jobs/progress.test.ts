import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileStore } from "@muster/object-store";
import { initRepository } from "@muster/repository";
import { afterAll, expect, it } from "vitest";
import { type Told, testJobs } from "../testing/jobs.ts";
import { backupProgress } from "./backup-progress.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-job-progress-"));
afterAll(() => rmSync(folder, { recursive: true }));

const size = 400_000_000;

/** What was told while the one file was under way. */
const within = (told: readonly Told[]): number[] => told.map(([done]) => done).filter((n) => n > 0 && n < size);

it("tells how far a backup and a restore are within one large file", async () => {
  const root = join(folder, "data");
  mkdirSync(root);
  const part = randomBytes(size / 8);
  for (let n = 0; n < 8; n++) {
    part.writeUInt32LE(n, part.length / 2);
    appendFileSync(join(root, "large"), part.reverse());
  }
  const place = join(folder, "repository");
  const grant = (await initRepository(await createFileStore(place), { passphrase: "progress" })).grant("bench");
  const jobs = await testJobs(folder, { type: "files", root }, `file://${place}`, grant);

  const backup = await jobs.backUp(size);
  expect(new Set(within(backup.told)).size).toBeGreaterThanOrEqual(2);
  expect(backup.told.at(-1)?.[0]).toBe(size);
  for (const [done, total] of backup.told) expect(done).toBeLessThan(total);
  // What is as before counts as done, and nothing is made up where no size is expected.
  expect((await jobs.backUp()).told.at(-1)).toEqual([size, 0]);

  rmSync(join(root, "large"));
  const restore = await jobs.restore(backup.point, "progress");
  expect(new Set(within(restore.told)).size).toBeGreaterThanOrEqual(2);
});

it("never fills the bar of a size that is only expected, and takes the source's estimate where nothing is", () => {
  const told: unknown[] = [];
  const tell = (done: number, total: number, _unit: string, note: string) => void told.push([done, total, note]);
  const written = (bytesRead: number, bytesUnchanged = 0) => ({
    bytesRead,
    bytesUnchanged,
    bytesStored: 0,
    entries: 0,
  });
  const expected = backupProgress(tell, 1000);
  expected.fromWriter(written(400, 100));
  expected.fromSource(500, 7000, "bytes", "dumping");
  expected.fromWriter(written(990, 1000));
  const unknown = backupProgress(tell, 0);
  unknown.fromWriter(written(300));
  unknown.fromSource(310, 500, "bytes", "dumping");
  unknown.fromWriter(written(305));
  expect(told).toEqual([
    [500, 1000, ""],
    [500, 1000, "dumping"],
    [1990, 2011, "dumping"],
    [300, 0, ""],
    [310, 500, "dumping"],
    [310, 500, "dumping"],
  ]);
});
