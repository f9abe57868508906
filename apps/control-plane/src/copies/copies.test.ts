import type { CommandFinishedSchema, MessageInitShape } from "@muster/protocol/grpc";
import { describe, expect, it } from "vitest";
import { insertPoints, markVerified, pointById, usablePoints } from "../catalog/points-store.ts";
import { answer, examplePlan, putPlan, type TestPlane, testPlane } from "../catalog/testing/test-plane.ts";
import { copyHandler } from "./results.ts";
import { startDueCopies } from "./start-due.ts";
import { copiesOf, listRuns } from "./store.ts";

const copying = { limit: "20MB", windows: ["22:00-06:00"] };

async function plane(policy: Record<string, unknown> = {}): Promise<TestPlane> {
  const made = await testPlane();
  const often = { schedule: "every 15m", copies: ["main", "second"], ...policy };
  await putPlan(made.cp.db, examplePlan({ policies: { often } }));
  made.cp.commands.handle("copy", copyHandler(made.cp));
  made.bus.online.add("db-1");
  return made;
}

const add = (test: TestPlane, id: string) => {
  const at = new Date(test.clock.now());
  const row = { service: "db", source: "orders", sourceType: "postgres", repository: "main", host: "db-1", facts: {} };
  const times = { startedAt: at, takenAt: at, finishedAt: at };
  return insertPoints(test.cp.db, [{ id, ...row, ...times, logicalBytes: 1, storedBytes: 1, entries: 1 }]);
};

/** Starts what is due and answers it. */
async function copy(test: TestPlane, outcome: MessageInitShape<typeof CommandFinishedSchema>["outcome"]) {
  await startDueCopies(test.cp);
  const command = test.bus.queued.at(-1);
  if (command === undefined) throw new Error("no copy was begun");
  await answer(test, command, outcome);
}

const done = (present: string[]) => ({ case: "copied" as const, value: { present, bytes: 5n } });
const failure = { code: "store-unavailable", message: "no answer", hint: "Look.", retryable: true };

describe("the points of a policy with two repositories", () => {
  it("are copied by the host that they come from, one run at a time, and then no more", async () => {
    await using test = await plane();
    await add(test, "p1");
    await startDueCopies(test.cp);
    await startDueCopies(test.cp);
    expect(test.bus.queued).toHaveLength(1);
    const [command] = test.bus.queued;
    expect(command).toMatchObject({ host: "db-1", owner: "copy", grant: { repository: "main", domain: "db" } });
    expect(command?.work.value).toMatchObject({ points: ["p1"], bytesPerSecond: 0n });
    await answer(test, command as never, done(["p1"]));
    expect((await copiesOf(test.cp.db, ["p1"])).get("p1")).toMatchObject([{ repository: "second", damaged: false }]);
    await startDueCopies(test.cp);
    expect(test.bus.queued).toHaveLength(1);
    await add(test, "p2");
    await startDueCopies(test.cp);
    expect(test.bus.queued[1]?.work.value).toMatchObject({ points: ["p2"] });
  });

  it("wait for the window, and the agent is told when it ends and how fast it may go", async () => {
    await using test = await plane({ copying });
    await add(test, "p1"); // at noon
    await startDueCopies(test.cp);
    expect(test.bus.queued).toEqual([]);
    test.clock.advance(11 * 3_600_000);
    await startDueCopies(test.cp);
    const until = { seconds: BigInt(Date.UTC(2026, 2, 3, 6) / 1000) };
    expect(test.bus.queued[0]?.work.value).toMatchObject({ bytesPerSecond: 20_000_000n, until });
  });

  it("are tried again after a failure, later each time, and the reason is kept", async () => {
    await using test = await plane();
    await add(test, "p1");
    await copy(test, { case: "failure", value: failure });
    expect(await listRuns(test.cp.db, 5)).toMatchObject([
      { state: "failed", failures: 1, error: { code: "store-unavailable" } },
    ]);
    await startDueCopies(test.cp);
    expect(test.bus.queued).toHaveLength(1);
    test.clock.advance(60_000);
    await copy(test, { case: "failure", value: failure });
    test.clock.advance(60_000);
    await startDueCopies(test.cp);
    expect(test.bus.queued).toHaveLength(2);
    test.clock.advance(60_000);
    await copy(test, done(["p1"]));
    expect((await listRuns(test.cp.db, 1))[0]).toMatchObject({ state: "succeeded", failures: 0, bytes: 5 });
  });

  it("are tried again at once when the agent was started anew, but only the first time", async () => {
    await using test = await plane();
    const interrupted = { case: "failure" as const, value: { ...failure, code: "command-interrupted" } };
    await add(test, "p1");
    await copy(test, interrupted);
    await copy(test, interrupted);
    expect(test.bus.queued).toHaveLength(2);
    await startDueCopies(test.cp);
    expect(test.bus.queued).toHaveLength(2);
    test.clock.advance(120_000);
    await startDueCopies(test.cp);
    expect(test.bus.queued).toHaveLength(3);
  });

  it("that turn out damaged while they are copied are marked, and the others count as copied", async () => {
    await using test = await plane();
    await add(test, "good");
    await add(test, "bad");
    const failed = [{ pointId: "bad", error: { ...failure, code: "repository-corrupt" } }];
    await copy(test, { case: "copied", value: { present: ["good"], failed } });
    expect(await pointById(test.cp.db, "bad")).toMatchObject({ damaged: true });
    expect([...(await copiesOf(test.cp.db, ["good", "bad"])).keys()]).toEqual(["good"]);
  });

  it("stay with their agent while it is away", async () => {
    await using test = await plane();
    test.bus.online.clear();
    await add(test, "p1");
    await startDueCopies(test.cp);
    expect(test.bus.queued).toEqual([]);
  });
});

it("a point that is damaged in one repository and whole in another can be restored", async () => {
  await using test = await plane();
  await add(test, "p1");
  await copy(test, done(["p1"]));
  const found = { verifiedAt: new Date(0), verifyLevel: "read" };
  await markVerified(test.cp.db, "main", ["p1"], { ...found, damaged: true });
  expect((await usablePoints(test.cp.db)).map(({ id }) => id)).toEqual(["p1"]);
  await markVerified(test.cp.db, "second", ["p1"], { ...found, damaged: true });
  expect(await usablePoints(test.cp.db)).toEqual([]);
});
