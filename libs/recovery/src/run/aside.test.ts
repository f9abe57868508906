import { describe, expect, it } from "vitest";
import { type Drive, startedDrive } from "../testing/drive.ts";
import { planOf, recoveryOf, runOf } from "../testing/shop.ts";
import type { Run } from "./model.ts";

const succeeded = (): Drive => {
  const run = startedDrive();
  run.finish();
  return run;
};
const afterOf = (run: Run, id: string): readonly string[] | undefined =>
  run.asideSteps?.find((step) => step.id === id)?.after;
const asideIds = (run: Run): string[] => (run.asideSteps ?? []).map(({ id }) => id);

describe("accepting", () => {
  it("drops what every restore moved aside, and only that", () => {
    const run = succeeded();
    const effects = run.send({ type: "accept" });
    expect(effects).toContainEqual({
      type: "dispatch",
      step: "accept/cache/restore/carts",
      attempt: 1,
      host: "cache-1",
      work: { kind: "aside", verb: "accept", source: "carts", asideId: "run-1-carts" },
    });
    run.finish();
    expect(run.run).toMatchObject({ state: "succeeded", aside: "accepted" });
    expect(asideIds(run.run)).toHaveLength(4);
    expect(run.tries({ type: "accept" })).toBe("conflict");
    expect(run.tries({ type: "rollBack" })).toBe("conflict");
  });

  it("is refused for a recovery that failed", () => {
    const run = startedDrive();
    run.finish(["cache/gate"]);
    run.fail("cache/gate");
    expect(run.tries({ type: "accept" })).toBe("conflict");
  });

  it("is done also when nothing lay aside any more", () => {
    const run = succeeded();
    run.send({ type: "accept" });
    run.finish(["accept/cache/restore/carts"]);
    run.fail("accept/cache/restore/carts", { code: "aside-missing" });
    expect(run.run.aside).toBe("accepted");
  });

  it("waits for a retry when it fails, and lets no step of the recovery be retried meanwhile", () => {
    const run = succeeded();
    run.send({ type: "accept" });
    run.finish(["accept/cache/restore/carts"]);
    run.fail("accept/cache/restore/carts");
    expect(run.run.aside).toBe("accepting");
    expect(run.tries({ type: "skip", step: "db/gate", by: "a", reason: "b" })).toBe("conflict");
    run.send({ type: "retry", step: "accept/cache/restore/carts" });
    run.finish();
    expect(run.run.aside).toBe("accepted");
  });
});

describe("rolling back", () => {
  it("stops everything, puts the data back, and starts tier by tier", () => {
    const run = succeeded();
    run.send({ type: "rollBack" });
    expect(run.live()).toEqual(["rollback/front/stop"]);
    expect(afterOf(run.run, "rollback/db/restore/orders")).toEqual(["rollback/db/prepare"]);
    expect(afterOf(run.run, "rollback/shop/start")).toEqual(["rollback/shop/restore/receipts"]);
    expect([...(afterOf(run.run, "rollback/shop/restore/receipts") ?? [])].sort()).toEqual([
      "rollback/cache/gate",
      "rollback/db/gate",
    ]);
    run.finish();
    expect(run.run).toMatchObject({ state: "rolled_back", aside: "rolled_back" });
    expect(run.effects.at(-1)).toEqual({ type: "releaseTargets" });
  });

  it("leaves alone what it neither restored nor stopped, and does not empty what it did not restore", () => {
    const run = startedDrive();
    run.finish(["db/prepare", "cache/restore/carts"]);
    run.fail("cache/restore/carts");
    run.fail("db/prepare");
    run.send({ type: "rollBack" });
    const ids = asideIds(run.run);
    expect(ids).toContain("rollback/cache/restore/carts");
    expect(ids).toContain("rollback/db/start");
    expect(ids.filter((id) => id.includes("db/prepare") || id.includes("db/restore"))).toEqual([]);
    expect(ids).not.toContain("rollback/shop/restore/receipts");
    run.finish();
    expect(run.run.state).toBe("rolled_back");
  });

  it("starts again what was stopped when nothing was restored yet", () => {
    const run = startedDrive();
    run.succeed("front/stop");
    run.fail("shop/stop");
    expect(run.run).toMatchObject({ state: "failed", aside: "none" });
    run.send({ type: "rollBack" });
    expect(asideIds(run.run)).toEqual([
      "rollback/front/stop",
      "rollback/shop/stop",
      "rollback/shop/start",
      "rollback/shop/gate",
      "rollback/front/start",
      "rollback/front/gate",
      "rollback/front/open",
    ]);
  });

  it("puts back what a skipped restore may have moved", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts"]);
    run.fail("cache/restore/carts");
    run.send({ type: "skip", step: "cache/restore/carts", by: "user:ann", reason: "carts do not matter" });
    run.finish();
    run.send({ type: "rollBack" });
    expect(asideIds(run.run)).toContain("rollback/cache/restore/carts");
  });

  it("starts a service that was brought elsewhere on its own host again, if it was stopped there", () => {
    const onto = { "cache-1": "cache-2" };
    const run = startedDrive(runOf(recoveryOf(planOf(), { onto })));
    run.finish();
    run.send({ type: "rollBack" });
    const hosts = Object.fromEntries((run.run.asideSteps ?? []).map(({ id, host }) => [id, host]));
    expect(hosts).toMatchObject({
      "rollback/cache/stop@cache-2": "cache-2",
      "rollback/cache/restore/carts": "cache-2",
      "rollback/cache/start": "cache-1",
      "rollback/cache/gate": "cache-1",
    });
    expect(hosts).not.toHaveProperty("rollback/cache/stop");
  });

  it("starts nothing where the service's own host was lost", () => {
    const onlineHosts = new Set(["cache-2", "db-1", "app-1"]);
    const run = startedDrive(runOf(recoveryOf(planOf(), { onto: { "cache-1": "cache-2" }, onlineHosts })));
    run.finish();
    run.send({ type: "rollBack" });
    expect(asideIds(run.run).filter((id) => id.includes("/cache/"))).toEqual([
      "rollback/cache/stop@cache-2",
      "rollback/cache/restore/carts",
    ]);
  });
});
