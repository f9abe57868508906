import { waitFor } from "@muster/core/testing";
import { auditRecords } from "@muster/database";
import { create, OfflinePointSchema, timestampFromMs, timestampMs } from "@muster/protocol/grpc";
import { describe, expect, it } from "vitest";
import { backupHandler } from "../catalog/backup-results.ts";
import { listPoints } from "../catalog/points-store.ts";
import { listBackups } from "../catalog/store.ts";
import { answer, examplePlan, putPlan, type TestPlane, testPlane } from "../catalog/testing/test-plane.ts";
import { startLoop } from "./loop.ts";
import { recordOfflinePoint } from "./record-offline-point.ts";
import { scheduleFor } from "./schedule-for.ts";
import { startSchedules } from "./start.ts";
import { allSchedules } from "./store.ts";
import { syncSchedules } from "./sync.ts";
import { tickSchedules } from "./tick.ts";

const minute = 60_000;

async function plane(policy: Record<string, unknown> = {}): Promise<TestPlane> {
  const made = await testPlane();
  const often = { schedule: "every 15m", timeout: "10m", ...policy };
  await putPlan(made.cp.db, examplePlan({ policies: { often }, limits: { backupsPerHost: 5 } }));
  await syncSchedules(made.cp.db, made.clock.now());
  made.cp.commands.handle("backup", backupHandler(made.cp));
  made.bus.online.add("db-1");
  return made;
}

async function finishAll(test: TestPlane): Promise<void> {
  for (const command of test.bus.queued.splice(0)) {
    const value = {
      pointId: `point-${command.id}`,
      sourceType: "files",
      repository: "main",
      startedAt: timestampFromMs(test.clock.now()),
    };
    await answer(test, command, { case: "point", value });
  }
}

describe("the scheduler", () => {
  it("runs each source when it is due, and only then", async () => {
    await using test = await plane();
    await tickSchedules(test.cp);
    expect(test.bus.queued).toHaveLength(0);
    test.clock.advance(15 * minute);
    await tickSchedules(test.cp);
    await tickSchedules(test.cp);
    expect(test.bus.queued.map(({ target }) => target).sort()).toEqual(["source/billing", "source/orders"]);
    expect(await listBackups(test.cp.db, {}, { limit: 9 })).toMatchObject([
      { trigger: "schedule" },
      { trigger: "schedule" },
    ]);
  });

  it("catches up with one run per source after hours away", async () => {
    await using test = await plane({ catchUp: "20m" });
    test.clock.advance(5 * 60 * minute + 7 * minute);
    await tickSchedules(test.cp);
    await finishAll(test);
    await tickSchedules(test.cp);
    const runs = await listBackups(test.cp.db, { source: "orders" }, { limit: 9 });
    expect(runs).toMatchObject([{ trigger: "catch-up" }]);
    expect(runs[0]?.dueAt?.toISOString()).toBe("2026-03-02T17:00:00.000Z");
  });

  it("lets a missed run go when it is older than the catch-up window", async () => {
    await using test = await plane({ catchUp: "5m" });
    test.clock.advance(5 * 60 * minute + 7 * minute);
    await tickSchedules(test.cp);
    expect(test.bus.queued).toHaveLength(0);
    expect((await allSchedules(test.cp.db))[0]?.nextDueAt.toISOString()).toBe("2026-03-02T17:15:00.000Z");
  });

  it("skips a run while the one before is live, says so, and is not held up by a hung one", async () => {
    await using test = await plane({ timeout: "20m" });
    test.clock.advance(15 * minute);
    await tickSchedules(test.cp);
    test.clock.advance(15 * minute);
    await tickSchedules(test.cp);
    expect(test.bus.queued).toHaveLength(2);
    expect(await actions(test)).toEqual(["backup.schedule", "backup.skip"]);
    test.clock.advance(15 * minute);
    await tickSchedules(test.cp);
    const states = (await listBackups(test.cp.db, { source: "orders" }, { limit: 9 })).map(({ state }) => state);
    expect(states).toEqual(["running", "failed"]);
  });

  it("keeps a run due while its host is away, unless the agent has made a point meanwhile", async () => {
    await using test = await plane();
    test.bus.online.clear();
    test.clock.advance(15 * minute);
    await tickSchedules(test.cp);
    expect(await listBackups(test.cp.db, {}, { limit: 9 })).toEqual([]);
    await reportOffline(test, "orders");
    await reportOffline(test, "orders");
    test.bus.online.add("db-1");
    test.clock.advance(2 * minute);
    await tickSchedules(test.cp);
    const runs = await listBackups(test.cp.db, {}, { limit: 9 });
    expect(runs.map(({ source, trigger }) => `${source} ${trigger}`).sort()).toEqual([
      "billing catch-up",
      "orders offline",
    ]);
    expect(await listPoints(test.cp.db, { expired: false }, { limit: 9 })).toMatchObject([
      { id: "offline-orders", host: "db-1" },
    ]);
  });

  it("counts anew when a plan changes a schedule, and forgets what left the plan", async () => {
    await using test = await plane();
    test.clock.advance(4 * minute);
    const services = { db: { tier: 1, host: "db-1", sources: { orders: { policy: "often" } } } };
    await putPlan(test.cp.db, examplePlan({ services, policies: { often: { schedule: "every 1h" } } }), 2);
    await syncSchedules(test.cp.db, test.clock.now());
    expect(await allSchedules(test.cp.db)).toMatchObject([
      { source: "orders", nextDueAt: new Date("2026-03-02T13:00:00Z") },
    ]);
  });
});

describe("the scheduler's loop", () => {
  it("goes on after a restart where it stopped, with what was queued and running", async () => {
    await using test = await plane();
    await putPlan(test.cp.db, examplePlan({ policies: { often: { schedule: "every 15m", timeout: "20m" } } }), 2);
    test.clock.advance(15 * minute);
    const first = await startSchedules(test.cp);
    await waitFor("the first backup", () => test.bus.queued.length === 1);
    await first.stop();
    test.clock.advance(minute);
    await using _second = await startSchedules(test.cp);
    const [command] = test.bus.queued;
    if (command === undefined) throw new Error("nothing was queued");
    const value = {
      pointId: "p",
      sourceType: "files",
      repository: "main",
      startedAt: timestampFromMs(test.clock.now()),
    };
    await answer(test, command, { case: "point", value });
    await waitFor("the one that waited for its host", () => test.bus.queued.length === 2);
    expect(await listBackups(test.cp.db, {}, { limit: 9 })).toHaveLength(2);
  });

  it("tries again after a pass that failed", async () => {
    await using test = await testPlane();
    let passes = 0;
    const pass = async (): Promise<void> => {
      passes += 1;
      throw new Error("the database is away");
    };
    await using _loop = startLoop(test.cp, "test", 1, pass);
    await waitFor("three passes", () => passes >= 3);
    expect(passes).toBeGreaterThanOrEqual(3);
  });
});

describe("the schedule of a host", () => {
  it("names the due times of seven days and where the backups go", async () => {
    await using test = await plane({ schedule: "daily 02:00" });
    const { backups } = await scheduleFor(test.cp.db, "db-1", test.clock.now());
    expect(backups).toHaveLength(2);
    expect(backups[0]).toMatchObject({
      backup: { service: "db", source: "orders", repository: { repository: "main", domain: "db" } },
    });
    expect(backups[0]?.due.map((at) => new Date(timestampMs(at)).toISOString())).toHaveLength(7);
    expect((await scheduleFor(test.cp.db, "web-1", test.clock.now())).backups).toEqual([]);
  });
});

async function reportOffline(test: TestPlane, source: string): Promise<void> {
  const at = timestampFromMs(test.clock.now());
  const point = {
    pointId: `offline-${source}`,
    sourceType: "postgres",
    repository: "main",
    startedAt: at,
    takenAt: at,
    finishedAt: at,
  };
  const message = create(OfflinePointSchema, { offlineId: `o-${source}`, service: "db", source, point });
  await test.cp.db.transaction((tx) => recordOfflinePoint(test.cp, tx, "db-1", message));
}

async function actions(test: TestPlane): Promise<string[]> {
  return (await test.cp.db.select().from(auditRecords).orderBy(auditRecords.seq)).map(({ action }) => action);
}
