import { describe, expect, it } from "vitest";
import { insertPoints, listPoints, type NewPointRow } from "./points-store.ts";
import { expirePoints, retentionDecisions } from "./retention.ts";
import { putPlan, testPlane } from "./testing/test-plane.ts";

const hour = 3_600_000;

function point(id: string, takenAt: number, more: Partial<NewPointRow> = {}): NewPointRow {
  const at = new Date(takenAt);
  return {
    id,
    service: "db",
    source: "orders",
    sourceType: "postgres",
    repository: "main",
    host: "db-1",
    startedAt: at,
    takenAt: at,
    finishedAt: at,
    logicalBytes: 1,
    storedBytes: 1,
    entries: 1,
    facts: {},
    ...more,
  };
}

describe("retention", () => {
  it("says the same in the preview as it does, marks with the reason, and keeps the rows", async () => {
    await using test = await testPlane();
    await putPlan(test.cp.db); // keeps the last 2 and 2 days
    const now = test.clock.now();
    const ages = [1, 2, 3, 26, 27, 60];
    await insertPoints(
      test.cp.db,
      ages.map((age) => point(`p${age}`, now - age * hour)),
    );
    const preview = await retentionDecisions(test.cp.db, now);
    const done = await expirePoints(test.cp, "user:ann");
    expect(done).toEqual(preview);
    const kept = await listPoints(test.cp.db, { expired: false }, { limit: 9 });
    expect(kept.map(({ id }) => id)).toEqual(["p1", "p2", "p26"]);
    const every = await listPoints(test.cp.db, { expired: true }, { limit: 9 });
    expect(every.find(({ id }) => id === "p3")).toMatchObject({ expiryReason: "expired: no rule keeps it" });
    expect(every).toHaveLength(6);
  });

  it("lets points of another cluster push none of the own ones out, until an operator says that it is meant", async () => {
    await using test = await testPlane();
    await putPlan(test.cp.db); // keeps the last 2 and 2 days
    const now = test.clock.now();
    const warnings = [{ code: "wrong-target", message: "another cluster", hint: "" }];
    const own = (id: string, age: number) => point(id, now - age * hour, { facts: { systemIdentifier: "1" } });
    const other = (id: string, age: number, more = {}) =>
      point(id, now - age * hour, { facts: { systemIdentifier: "2", ...more } });
    await insertPoints(test.cp.db, [own("own-1", 99), own("own-2", 98)]);
    await insertPoints(
      test.cp.db,
      [5, 4, 3, 2].map((age) => other(`other-${age}`, age, { warnings })),
    );
    const kept = async () =>
      (await retentionDecisions(test.cp.db, now)).flatMap(({ keep, pointId }) => (keep ? [pointId] : []));
    expect((await kept()).sort()).toEqual(["other-2", "other-3", "own-1", "own-2"]);
    await insertPoints(test.cp.db, [other("meant", 1)]);
    expect(await kept()).toEqual(["meant", "other-2", "own-2"]);
  });

  it("never expires the only good point of a source, nor one that no plan names", async () => {
    await using test = await testPlane();
    await putPlan(test.cp.db);
    const now = test.clock.now();
    await insertPoints(test.cp.db, [
      point("old", now - 9999 * hour),
      point("bad", now - hour, { damaged: true }),
      point("stray", now - 9999 * hour, { service: "gone" }),
      point("stray-2", now - 9998 * hour, { service: "gone" }),
    ]);
    const decisions = await expirePoints(test.cp, "system");
    expect(decisions.map(({ pointId, keep }) => `${pointId} ${keep}`).sort()).toEqual([
      "old true",
      "stray true",
      "stray-2 true",
    ]);
  });
});
