import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError, silentLogger } from "@muster/core";
import { manualClock, waitFor } from "@muster/core/testing";
import { create, ScheduleSchema, timestampFromMs } from "@muster/protocol/grpc";
import { afterEach, beforeEach, expect, it } from "vitest";
import { agentConfigSchema } from "../config/schema.ts";
import { dataDirectory } from "../data/directory.ts";
import { type Journal, openJournal } from "../journal/journal.ts";
import type { Outgoing } from "../session/outbox.ts";
import type { JobWork } from "../work/job-runner.ts";
import { openOfflineBackups } from "./offline-backups.ts";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const identity = { privateKey: "the key of this host" } as Parameters<
  typeof openOfflineBackups
>[0]["identity"] extends () => infer I
  ? I
  : never; // only its key is used here

let folder: string;
let journal: Journal;
let controller: AbortController;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "muster-offline-"));
  journal = await openJournal(join(folder, "journal.jsonl"), manualClock());
  controller = new AbortController();
});
afterEach(async () => {
  controller.abort();
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function offline(clock: ReturnType<typeof manualClock>, fails = false) {
  const ran: JobWork[] = [];
  const sent: Outgoing[] = [];
  const backups = openOfflineBackups({
    directory: dataDirectory(folder),
    identity: () => identity,
    jobs: {
      async run(work) {
        ran.push(work);
        if (fails) throw new MusterError("source-unavailable", "it is down");
        return { case: "point", value: { pointId: `p${ran.length}` } };
      },
    },
    journal,
    outbox: { send: (message) => sent.push(message) > 0, attach: () => undefined, detach: () => undefined },
    config: agentConfigSchema.parse({ limits: { offlineAfter: "5m" } }),
    clock,
    log: silentLogger,
  });
  return { backups, ran, sent };
}

const schedule = create(ScheduleSchema, {
  revision: 1n,
  backups: [
    {
      backup: { service: "shop", source: "orders", repository: { domainKey: "k" } },
      due: [start + 2 * minute, start + 3 * minute, start + 10 * minute].map((at) => timestampFromMs(at)),
    },
  ],
});

it("backs up what fell due once the control plane is away for longer than the grace, also after a restart", async () => {
  await offline(manualClock(start)).backups.keep(schedule);
  const clock = manualClock(start);
  const { backups, ran } = offline(clock); // reads the schedule from disk
  backups.run(controller.signal);
  clock.advance(4 * minute);
  expect(ran).toHaveLength(0);
  clock.advance(2 * minute);
  await waitFor("one backup for two missed times", () => journal.offlinePoints().length === 1);
  clock.advance(5 * minute);
  await waitFor("the next", () => journal.offlinePoints().length === 2);
  expect(ran.map(({ value }) => value.source)).toEqual(["orders", "orders"]);
  expect(journal.offlinePoints()).toMatchObject([
    { service: "shop", source: "orders", point: { pointId: "p1" } },
    { point: { pointId: "p2" } },
  ]);
});

it("leaves the schedule to the control plane while that is there", async () => {
  const clock = manualClock(start);
  const { backups, ran } = offline(clock);
  await backups.keep(schedule);
  backups.connected();
  const running = backups.run(controller.signal);
  clock.advance(60 * minute);
  controller.abort();
  await running;
  expect(ran).toHaveLength(0);
});

it("goes on after a backup that failed", async () => {
  const clock = manualClock(start);
  const { backups, ran } = offline(clock, true);
  await backups.keep(schedule);
  backups.run(controller.signal);
  clock.advance(6 * minute);
  await waitFor("the first try", () => ran.length === 1);
  clock.advance(6 * minute);
  await waitFor("the second", () => ran.length === 2);
  expect(journal.offlinePoints()).toEqual([]);
});
