import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataProcess } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { createFileStore, openDeletableFileStore } from "@muster/object-store";
import { afterAll, expect, test } from "vitest";
import { initRepository } from "./index.ts";
import { backUp, grantedDomain, passphrase, readBack, seededRandom } from "./testing/index.ts";
import { sweepOnce } from "./testing/sweep-site.ts";
import type { Report, Task } from "./testing/worker.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-processes-"));
afterAll(() => rm(scratch, { recursive: true }));

function startWorker(task: Task, onReport: (report: Report, child: ChildProcess) => void): ChildProcess {
  const child = fork(new URL("./testing/worker.ts", import.meta.url), {
    execArgv: [...dataProcess.execArgv],
    env: { ...process.env, ...dataProcess.env },
  });
  child.on("message", (message) => onReport(message as Report, child)); // from testing/worker.ts
  child.send(task);
  return child;
}

async function newRepository(name: string) {
  const path = join(scratch, name);
  const store = await createFileStore(path);
  const repository = await initRepository(store, { passphrase });
  return { path, store, grant: repository.grant("d") };
}

test("killed at any moment, a writer loses nothing that it acknowledged and leaves nothing half", async () => {
  const { path, store, grant } = await newRepository("killed");
  const random = seededRandom(41);
  const acknowledged: string[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    let callsLeft = 1 + random.below(60);
    const child = startWorker({ kind: "points", path, grant, seed }, (report, worker) => {
      if (report.kind === "committed") acknowledged.push(report.id);
      if (report.kind === "call" && --callsLeft === 0) worker.kill("SIGKILL");
    });
    const [, signal] = await once(child, "exit");
    expect(signal).toBe("SIGKILL");
  }
  const domain = grantedDomain(store, grant);
  const listed = (await domain.listPoints()).map(({ id }) => id);
  expect(acknowledged.length).toBeGreaterThan(3);
  expect(listed).toEqual(expect.arrayContaining(acknowledged));
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);

  // Whatever the dead left behind, the next backup works and is whole.
  const files = { after: random.bytes(100_000) };
  const { id } = await backUp(domain, files);
  expect((await readBack(await domain.openPoint(id))).after?.equals(files.after)).toBe(true);
});

test("killed at any moment, a sweep loses nothing that is kept, and the next ones come to its end", async () => {
  const { path, grant } = await newRepository("swept");
  const store = await openDeletableFileStore(path);
  const domain = grantedDomain(store, grant);
  const random = seededRandom(43);
  const kept = { shared: random.bytes(100_000), own: random.bytes(100_000) };
  const expired = Array.from({ length: 6 }, (_, n) => `old-${n}`);
  for (const pointId of expired) await backUp(domain, { shared: kept.shared, own: random.bytes(100_000) }, { pointId });
  await backUp(domain, kept, { pointId: "kept" });
  const task = { kind: "sweep", path, grant, expired, scratch } as const;
  for (let round = 0; round < 10; round++) {
    let callsLeft = 10 + random.below(120);
    const child = startWorker(task, (report, worker) => {
      if (report.kind === "call" && --callsLeft === 0) worker.kill("SIGKILL");
    });
    const [, signal] = await once(child, "exit");
    expect(signal).toBe("SIGKILL");
    const found = await readBack(await domain.openPoint("kept"));
    expect([found.shared?.equals(kept.shared), found.own?.equals(kept.own)]).toEqual([true, true]);
  }
  await waitFor("the sweeps to come to an end", async () => {
    const [swept] = (await sweepOnce(store, task)).domains;
    return swept?.marked.packs === 0 && swept.waiting.packs === 0 && swept.points.length === 0;
  });
  expect((await domain.listPoints()).map(({ id }) => id)).toEqual(["kept"]);
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);
});

test("a stream of 512 MB is written and read in less than 350 MB of memory", async () => {
  const { path, grant } = await newRepository("long");
  let peak = 0;
  const child = startWorker({ kind: "stream", path, grant, bytes: 512_000_000 }, (report) => {
    if (report.kind === "done") peak = report.peakBytes;
  });
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  expect(peak).toBeGreaterThan(40e6); // it was measured
  expect(peak / 1e6).toBeLessThan(350);
});
