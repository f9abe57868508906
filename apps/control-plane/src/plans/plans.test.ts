import { auditRecords, hosts } from "@muster/database";
import { describe, expect, it } from "vitest";
import { testPlane } from "../catalog/testing/test-plane.ts";
import { allSchedules } from "../schedules/store.ts";
import { applyPlan } from "./apply.ts";
import { checkPlan } from "./check.ts";
import { currentPlans, findService, planHistory } from "./store.ts";

const text = `version: 1
name: shop
timezone: Europe/Berlin
objectives: { rto: 1h, rpo: 1h }
tiers: [{ tier: 1, name: Data }]
policies:
  often: { schedule: every 15m, retention: { last: 10 } }
services:
  db:
    tier: 1
    host: db-1
    sources: { orders: { policy: often } }
    probes: [db-up]
    actions: { start: start-db }
`;
const place = { url: "/repository", keyFile: "/key" };
const places = { main: place, second: { ...place, copyOf: "main" }, other: place };
const request = (body = text) => ({ files: [{ name: "plan.yaml", text: body }], dryRun: false });

describe("applying a plan", () => {
  it("makes the next version, its schedules and an audit record, and finds its services", async () => {
    await using test = await testPlane();
    const first = await applyPlan(test.cp, request(), "user:ann");
    const second = await applyPlan(test.cp, request(text.replace("every 15m", "every 30m")), "user:ann");
    expect([first, second].map(({ applied, version }) => ({ applied, version }))).toEqual([
      { applied: true, version: 1 },
      { applied: true, version: 2 },
    ]);
    expect(second.changes).toMatchObject([{ kind: "changed", path: "policies.often.schedule" }]);
    expect((await planHistory(test.cp.db, "shop")).map(({ current }) => current)).toEqual([true, false]);
    expect(await findService(test.cp.db, "db")).toMatchObject({ name: "db", plan: { version: 2 } });
    expect(await allSchedules(test.cp.db)).toMatchObject([{ service: "db", source: "orders" }]);
    expect((await test.cp.db.select().from(auditRecords)).map(({ action }) => action)).toEqual([
      "plan.apply",
      "plan.apply",
    ]);
  });

  it("does nothing when the same plan is in force, however it is written", async () => {
    await using test = await testPlane();
    await applyPlan(test.cp, request(), "user:ann");
    const again = await applyPlan(test.cp, request(`# a comment\n${text}`), "user:bob");
    expect(again).toMatchObject({ applied: false, version: 1, changes: [] });
    expect(await planHistory(test.cp.db, "shop")).toHaveLength(1);
  });

  it("changes nothing in a dry run", async () => {
    await using test = await testPlane();
    const answer = await applyPlan(test.cp, { ...request(), dryRun: true }, "user:ann");
    expect(answer).toMatchObject({ applied: false, version: 1 });
    expect(answer.changes.length).toBeGreaterThan(0);
    expect(await currentPlans(test.cp.db)).toEqual([]);
  });

  it("refuses an unknown key with its place, and force does not help", async () => {
    await using test = await testPlane();
    const broken = { ...request(text.replace("tier: 1\n", "teir: 1\n")), force: "because" };
    const refused = applyPlan(test.cp, broken, "user:ann");
    await expect(refused).rejects.toMatchObject({
      code: "plan-invalid",
      details: {
        findings: expect.arrayContaining([expect.objectContaining({ severity: "error", file: "plan.yaml" })]),
      },
    });
    expect(await currentPlans(test.cp.db)).toEqual([]);
  });

  it("refuses what a rule finds wrong, unless it is forced with a reason, which the audit trail keeps", async () => {
    await using test = await testPlane();
    const loose = request(text.replace("rpo: 1h", "rpo: 5m"));
    await expect(applyPlan(test.cp, loose, "user:ann")).rejects.toMatchObject({ code: "plan-invalid" });
    const forced = await applyPlan(test.cp, { ...loose, force: "the replica covers it" }, "user:ann");
    expect(forced.applied).toBe(true);
    expect(forced.findings).toContainEqual(expect.objectContaining({ severity: "error" }));
    const [record] = await test.cp.db.select().from(auditRecords);
    expect(record?.details).toMatchObject({ forced: "the replica covers it" });
  });

  it("refuses a service that another plan has already", async () => {
    await using test = await testPlane();
    await applyPlan(test.cp, request(), "user:ann");
    const other = { ...request(text.replace("name: shop", "name: other")), force: "because" };
    await expect(applyPlan(test.cp, other, "user:ann")).rejects.toMatchObject({
      code: "plan-invalid",
      message: expect.stringContaining("db is in plan shop already"),
    });
  });
});

describe("checking a plan", () => {
  it("warns of a host that is not enrolled", async () => {
    await using test = await testPlane();
    const { findings } = await checkPlan(test.cp.db, request().files, places);
    expect(findings).toContainEqual(expect.objectContaining({ code: "live-host-unknown", severity: "warning" }));
  });

  it("warns of sources, probes and actions that the host does not declare", async () => {
    await using test = await testPlane();
    const inventory = { hostname: "db-1", sources: [{ name: "orders", type: "postgres" }] };
    await test.cp.db.insert(hosts).values({ id: "h1", name: "db-1", enrolledAt: new Date(0), inventory });
    const { findings } = await checkPlan(test.cp.db, request().files, places);
    const live = findings.map(({ code }) => code).filter((code) => code.startsWith("live-"));
    expect(live.sort()).toEqual(["live-action-unknown", "live-probe-unknown"]);
  });

  it("warns of repositories that the control plane does not have, and of those that are no copy of the first", async () => {
    await using test = await testPlane();
    const found = async (copies: string, repositories = {}) => {
      const files = request(text.replace("every 15m,", `every 15m, copies: [${copies}],`)).files;
      const { findings } = await checkPlan(test.cp.db, files, { ...places, ...repositories });
      return findings.filter(({ code }) => code.startsWith("live-repository-"));
    };
    expect(await found("main, second")).toEqual([]);
    expect(await found("second, main")).toEqual([]);
    const path = "policies.often.copies";
    expect(await found("main, other, thrid")).toMatchObject([
      { code: "live-repository-unknown", severity: "warning", message: expect.stringContaining("thrid"), path },
      { code: "live-repository-not-a-copy", severity: "warning", message: expect.stringContaining("other"), path },
    ]);
    expect(await found("third, other")).toMatchObject([{ code: "live-repository-unknown" }]);
  });
});
