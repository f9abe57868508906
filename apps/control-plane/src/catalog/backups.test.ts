import { type JsonObject, timestampFromMs } from "@muster/protocol/grpc";
import { describe, expect, it } from "vitest";
import { backupHandler } from "./backup-results.ts";
import { cancelBackup } from "./cancel-backup.ts";
import { dispatchBackups } from "./dispatch.ts";
import { expireOverdue } from "./expire-overdue.ts";
import { listPoints } from "./points-store.ts";
import { requestBackups } from "./request-backups.ts";
import { backupById, listBackups } from "./store.ts";
import { answer, putPlan, type TestPlane, testPlane } from "./testing/test-plane.ts";

async function plane(): Promise<TestPlane> {
  const made = await testPlane();
  await putPlan(made.cp.db);
  made.cp.commands.handle("backup", backupHandler(made.cp));
  made.bus.online.add("db-1").add("web-1");
  return made;
}

const all = { services: [], sources: [], all: true };
const orders = { services: [], sources: ["db/orders"], all: false };
const point = (id: string, takenAt: number) => ({
  case: "point" as const,
  value: {
    pointId: id,
    sourceType: "postgres",
    repository: "main",
    takenAt: timestampFromMs(takenAt),
    logicalBytes: 10n,
  },
});

describe("backups by hand", () => {
  it("run one at a time per host, and the next begins when one has ended", async () => {
    await using test = await plane();
    await requestBackups(test.cp, all, "user:ann");
    expect(test.bus.queued.map((command) => command.target)).toEqual(["source/orders", "source/config"]);
    await answer(test, test.bus.queued[0] as never, point("p1", test.clock.now()));
    await dispatchBackups(test.cp);
    expect(test.bus.queued.map((command) => command.target)).toEqual([
      "source/orders",
      "source/config",
      "source/billing",
    ]);
  });

  it("list the point in the transaction that ends the backup", async () => {
    await using test = await plane();
    const [row] = await requestBackups(test.cp, orders, "user:ann");
    await answer(test, test.bus.queued[0] as never, point("p1", test.clock.now() - 5000));
    const [listed] = await listPoints(test.cp.db, { expired: false }, { limit: 10 });
    expect(listed).toMatchObject({ id: "p1", service: "db", source: "orders", host: "db-1", logicalBytes: 10 });
    expect(listed?.takenAt.getTime()).toBe(test.clock.now() - 5000);
    expect(await backupById(test.cp.db, row?.id ?? "")).toMatchObject({
      state: "succeeded",
      pointId: "p1",
      error: null,
    });
  });

  it("tell the agent how large the newest point is", async () => {
    await using test = await plane();
    const expected = () => {
      const { work } = test.bus.queued.at(-1) ?? {};
      return work?.case === "backup" ? work.value.expectedBytes : undefined;
    };
    await requestBackups(test.cp, orders, "user:ann");
    expect(expected()).toBe(0n);
    await answer(test, test.bus.queued[0] as never, point("p1", test.clock.now()));
    await requestBackups(test.cp, orders, "user:ann");
    expect(expected()).toBe(10n);
  });

  it("tell the agent which cluster the points that nobody doubts are of", async () => {
    await using test = await plane();
    const warnings = [{ code: "wrong-target", message: "another cluster", hint: "" }];
    const told: unknown[] = [];
    for (const [id, facts] of [
      ["p1", { systemIdentifier: "1" }],
      ["p2", { systemIdentifier: "2", warnings }],
      ["p3", { systemIdentifier: "2" }],
      ["p4", {}],
    ] as const) {
      await requestBackups(test.cp, orders, "user:ann");
      const command = test.bus.queued.at(-1);
      told.push(command?.work.case === "backup" ? command.work.value.systemIdentifier : undefined);
      test.clock.advance(1000);
      const made = point(id, test.clock.now());
      await answer(test, command as never, { ...made, value: { ...made.value, facts: { ...facts } as JsonObject } });
    }
    expect(told).toEqual(["", "1", "1", "2"]);
  });

  it("answer with the live backup of a source instead of a second one", async () => {
    await using test = await plane();
    const [first] = await requestBackups(test.cp, orders, "user:ann");
    const [second] = await requestBackups(test.cp, orders, "user:bob");
    expect(second?.id).toBe(first?.id);
    expect(test.bus.queued).toHaveLength(1);
  });

  it("name a full disk and leave earlier points as they were", async () => {
    await using test = await plane();
    await requestBackups(test.cp, orders, "user:ann");
    await answer(test, test.bus.queued[0] as never, point("p1", test.clock.now()));
    const [row] = await requestBackups(test.cp, orders, "user:ann");
    const failure = { code: "disk-full", message: "no space left on /backup", hint: "Free space.", retryable: true };
    await answer(test, test.bus.queued[1] as never, { case: "failure", value: failure });
    expect(await backupById(test.cp.db, row?.id ?? "")).toMatchObject({
      state: "failed",
      error: { code: "disk-full" },
    });
    expect(await listPoints(test.cp.db, { expired: false }, { limit: 10 })).toMatchObject([
      { id: "p1", damaged: false },
    ]);
  });

  it("of a host that is away are recorded as failed", async () => {
    await using test = await plane();
    test.bus.online.clear();
    const rows = await requestBackups(test.cp, orders, "user:ann");
    expect(rows).toMatchObject([{ state: "failed", error: { code: "host-offline" } }]);
  });

  it("refuse a source that no plan names, and say which there are", async () => {
    await using test = await plane();
    const asked = requestBackups(test.cp, { services: [], sources: ["db/nothing"], all: false }, "user:ann");
    await expect(asked).rejects.toMatchObject({ code: "not-found", hint: expect.stringContaining("db/orders") });
  });
});

describe("a live backup", () => {
  it("stores its progress at most once a second", async () => {
    await using test = await plane();
    const [row] = await requestBackups(test.cp, orders, "user:ann");
    const report = (done: bigint) =>
      test.bus.handlers.get("backup")?.progress?.({ id: "", attempt: 1, ownerId: row?.id ?? "" }, {
        done,
        total: 9n,
        unit: "bytes",
        note: "",
      } as never);
    await report(1n);
    await report(2n);
    expect((await backupById(test.cp.db, row?.id ?? ""))?.progress?.done).toBe(1);
    test.clock.advance(1000);
    await report(3n);
    expect((await backupById(test.cp.db, row?.id ?? ""))?.progress?.done).toBe(3);
  });

  it("that hangs is given up after its timeout, and a point that comes late is listed all the same", async () => {
    await using test = await plane();
    const [row] = await requestBackups(test.cp, orders, "user:ann");
    test.clock.advance(12 * 60_000);
    await expireOverdue(test.cp);
    expect(await backupById(test.cp.db, row?.id ?? "")).toMatchObject({ state: "failed", error: { code: "timeout" } });
    expect(test.bus.cancelled).toEqual([row?.id]);
    await answer(test, test.bus.queued[0] as never, point("late", test.clock.now()));
    expect(await backupById(test.cp.db, row?.id ?? "")).toMatchObject({
      state: "succeeded",
      pointId: "late",
      error: null,
    });
  });

  it("is cancelled through its agent when it runs, and at once when it waits", async () => {
    await using test = await plane();
    const rows = await requestBackups(test.cp, { services: ["db"], sources: [], all: false }, "user:ann");
    await cancelBackup(test.cp, rows[0]?.id ?? "", "user:ann");
    await cancelBackup(test.cp, rows[1]?.id ?? "", "user:ann");
    expect(test.bus.cancelled).toEqual([rows[0]?.id]);
    expect((await listBackups(test.cp.db, { state: "cancelled" }, { limit: 9 })).map((row) => row.id)).toEqual([
      rows[1]?.id,
    ]);
    await expect(cancelBackup(test.cp, rows[1]?.id ?? "", "user:ann")).rejects.toMatchObject({ code: "conflict" });
  });
});
