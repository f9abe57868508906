import { newId } from "@muster/core";
import { hosts, probeChanges, probeStates, recoveries } from "@muster/database";
import { fleetStatusSchema } from "@muster/protocol";
import type { Run } from "@muster/recovery";
import { eq } from "drizzle-orm";
import { fastify } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { describe, expect, it } from "vitest";
import { insertPoints, markVerified } from "../catalog/points-store.ts";
import { insertBackup } from "../catalog/store.ts";
import { examplePlan, putPlan, type TestPlane, testPlane } from "../catalog/testing/test-plane.ts";
import { insertPointCopies, insertRun } from "../copies/store.ts";
import type { App } from "../http/app-types.ts";
import { fleetStatus } from "./fleet.ts";
import { statusRoutes } from "./routes.ts";

const minute = 60_000;

async function plane(): Promise<TestPlane & { app: App }> {
  const made = await testPlane();
  const plan = examplePlan();
  const { web } = plan.services;
  if (web !== undefined) plan.services.vault = { ...web, public: false };
  await putPlan(made.cp.db, plan);
  const now = new Date(made.clock.now());
  for (const name of ["db-1", "web-1"]) {
    await made.cp.db.insert(hosts).values({ id: name, name, enrolledAt: now, online: 1, clockOffsetMs: 250 });
  }
  await setProbe(made, "db-1", "db-up", "passing");
  await setProbe(made, "web-1", "web-up", "passing");
  const app: App = fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  statusRoutes(app, made.cp);
  return { ...made, app };
}

async function setProbe(test: TestPlane, host: string, probe: string, state: "passing" | "failing"): Promise<void> {
  const at = new Date(test.clock.now());
  const row = { host, probe, state, since: at, checkedAt: at, message: "connect ECONNREFUSED 10.1.2.3:5432" };
  const set = { state, since: at, checkedAt: at };
  await test.cp.db
    .insert(probeStates)
    .values(row)
    .onConflictDoUpdate({ target: [probeStates.host, probeStates.probe], set });
  await test.cp.db.insert(probeChanges).values({ id: newId(), host, probe, state, at, message: "" });
}

async function addPoint(
  test: TestPlane,
  id: string,
  source: string,
  age: number,
  damaged = false,
  facts = {},
): Promise<void> {
  const at = new Date(test.clock.now() - age);
  const sizes = { logicalBytes: 1, storedBytes: 1, entries: 1, facts };
  const place = { service: "db", source, sourceType: "postgres", repository: "main", host: "db-1" };
  await insertPoints(test.cp.db, [{ id, ...place, ...sizes, startedAt: at, takenAt: at, finishedAt: at, damaged }]);
}

async function addFailedCopy(test: TestPlane, to: string): Promise<void> {
  const key = { service: "db", source: "orders", fromRepository: "main", toRepository: to, host: "db-1", points: 1 };
  const error = { code: "store-unavailable", message: `no answer from ${to}`, hint: "", retryable: true };
  const at = new Date(test.clock.now());
  await insertRun(test.cp.db, {
    id: newId(),
    ...key,
    state: "failed",
    createdAt: at,
    finishedAt: at,
    error,
    failures: 1,
  });
}

/** What the agent of db-1 says of the log of `orders` with its heartbeat. */
async function setLog(test: TestPlane, age: number, changes = {}): Promise<void> {
  const protectedUntil = new Date(test.clock.now() - age + 250).toISOString(); // its clock is 250 ms ahead
  const log = { source: "orders", state: "streaming", identity: "77", lagBytes: "512", protectedUntil, ...changes };
  const load = { logs: [log], at: new Date(test.clock.now()).toISOString() };
  await test.cp.db.update(hosts).set({ load }).where(eq(hosts.name, "db-1"));
}

const provenNow = (test: TestPlane) => ({ verifiedAt: new Date(test.clock.now()), verifyLevel: "read" });

/** A real recovery of both services: tier 1 is back, tier 2 is at work. */
async function addRun(test: TestPlane, changes: Partial<Run> = {}): Promise<void> {
  const now = test.clock.now();
  const step = (id: string, service: string, tier: number) => ({
    id,
    service,
    tier,
    phase: "start",
    host: "db-1",
    work: { kind: "action", action: "go", purpose: "start" },
    after: [],
  });
  const run = {
    id: "run-1",
    state: "running",
    plan: { planName: "shop", mode: "real", steps: [step("a", "db", 1), step("b", "web", 2), step("c", "web", 2)] },
    steps: {
      a: { id: "a", state: "succeeded", attempt: 1, startedAt: now - 60_000, finishedAt: now - 30_000 },
      b: { id: "b", state: "running", attempt: 1, startedAt: now - 20_000 },
      c: { id: "c", state: "pending", attempt: 0 },
    },
    startedAt: now - 60_000,
    createdAt: now - 61_000,
    ...changes,
  } as unknown as Run; // the parts that the status reads
  const row = {
    id: run.id,
    planName: "shop",
    mode: run.plan.mode,
    state: run.state,
    run,
    revision: 1,
    createdAt: new Date(run.createdAt),
  };
  await test.cp.db.insert(recoveries).values(row);
}

describe("the exposure of a continuous source", () => {
  const orders = async (test: TestPlane) =>
    (await fleetStatus(test.cp)).services
      .find(({ service }) => service === "db")
      ?.sources.find(({ source }) => source === "orders");

  it("is measured by its log, where that can be replayed on the newest point", async () => {
    const test = await plane();
    await addPoint(test, "p1", "orders", 30 * minute, false, { method: "physical", systemIdentifier: "77" });
    expect((await orders(test))?.seconds).toBe(1800);
    await setLog(test, 1500);
    expect(await orders(test)).toMatchObject({
      seconds: 1.5,
      measuredBy: expect.stringContaining("durable in the log"),
    });
    const { body } = await test.app.inject("/metrics");
    expect(body).toContain('muster_log_lag_bytes{service="db",source="orders"} 512');
    expect(body).toContain('muster_log_streaming{service="db",source="orders"} 1');
    await setLog(test, 1500, { gaps: 1 });
    expect((await orders(test))?.seconds).toBe(1800);
    await setLog(test, 1500, { identity: "78" });
    expect((await orders(test))?.seconds).toBe(1800);
  });

  it("is that of the points where they are dumps", async () => {
    const test = await plane();
    await addPoint(test, "p1", "orders", 30 * minute);
    await setLog(test, 1500);
    expect((await orders(test))?.seconds).toBe(1800);
  });
});

describe("the operators' status", () => {
  it("measures exposure at the request, from the newest point that is neither expired nor damaged", async () => {
    await using test = await plane();
    await addPoint(test, "old", "orders", 20 * minute);
    await addPoint(test, "bad", "orders", minute, true);
    await addPoint(test, "bill", "billing", minute);
    test.clock.advance(15 * minute);
    const status = fleetStatusSchema.parse(await fleetStatus(test.cp));
    const db = status.services.find(({ service }) => service === "db");
    expect(db).toMatchObject({ tierName: "Data", rpoSeconds: 1800, exposureSeconds: 2100, exposureState: "breached" });
    expect(db?.sources).toMatchObject([
      { source: "orders", seconds: 2100, state: "breached", measuredBy: expect.stringContaining("old") },
      { source: "billing", seconds: 960, state: "ok" },
    ]);
  });

  it("says what is doubtful about the newest point, and counts it for alerts", async () => {
    await using test = await plane();
    const warnings = [{ code: "wrong-target", message: "another cluster", hint: "Look." }];
    await addPoint(test, "foreign", "orders", minute, false, { warnings });
    const status = fleetStatusSchema.parse(await fleetStatus(test.cp));
    const db = status.services.find(({ service }) => service === "db");
    expect(db?.sources).toMatchObject([{ warnings: ["another cluster"] }, { source: "billing", warnings: [] }]);
    const text = (await test.app.inject("/metrics")).body;
    expect(text).toContain('muster_point_warnings{service="db",source="orders"} 1');
    expect(text).toContain('muster_point_warnings{service="db",source="billing"} 0');
  });

  it("says how old the newest copy outside the first repository is, and why copying fails", async () => {
    await using test = await plane();
    const often = { schedule: "every 15m", copies: ["main", "second", "third"] };
    await putPlan(test.cp.db, examplePlan({ policies: { often } }), 2);
    await addPoint(test, "old", "orders", 20 * minute);
    await addPoint(test, "new", "orders", minute);
    await addPoint(test, "bill", "billing", 5 * minute);
    const copied = (repository: string, ...ids: string[]) =>
      insertPointCopies(test.cp.db, repository, ids, new Date(test.clock.now()));
    await copied("second", "old", "bill");
    await addFailedCopy(test, "third");
    const db = async () => (await fleetStatus(test.cp)).services.find(({ service }) => service === "db");
    const second = { repository: "second", seconds: 1200, lastError: undefined };
    const third = { repository: "third", latestPointAt: undefined, lastError: "no answer from third" };
    expect(await db()).toMatchObject({ copySeconds: 1200, sources: [{ copies: [second, third] }, {}] });
    await copied("third", "new");
    expect(await db()).toMatchObject({ copySeconds: 300 });
    await markVerified(test.cp.db, "second", ["bill"], { ...provenNow(test), damaged: true });
    expect((await db())?.copySeconds).toBeUndefined();
    const text = (await test.app.inject("/metrics")).body;
    expect(text).toContain('muster_copy_age_seconds{service="db",source="orders",repository="second"} 1200');
    expect(text).toContain('muster_copy_last_failed{service="db",source="orders",repository="third"} 1');
    expect(text).not.toContain('muster_copy_age_seconds{service="db",source="billing"');
  });

  it("shows a source without a point as unprotected, with its last error", async () => {
    await using test = await plane();
    const at = new Date(test.clock.now());
    const error = { code: "disk-full", message: "no space left on /backup", hint: "", retryable: true };
    const place = { service: "db", source: "orders", host: "db-1", repository: "main", trigger: "schedule" as const };
    await insertBackup(test.cp.db, {
      id: "b1",
      ...place,
      state: "failed",
      requestedBy: "system",
      timeoutMs: 1,
      createdAt: at,
      finishedAt: at,
      error,
    });
    const [db] = (await fleetStatus(test.cp)).services;
    expect(db?.sources[0]).toMatchObject({ state: "unprotected", lastError: "no space left on /backup" });
    expect(db?.sources[0]).not.toHaveProperty("seconds", expect.anything());
  });
});

describe("the public status", () => {
  it("has every document of Statuspage v2, with real empty lists and tiers as groups", async () => {
    await using test = await plane();
    const get = async (name: string) => (await test.app.inject(`/api/v2/${name}.json`)).json();
    expect(await get("status")).toMatchObject({
      page: {
        id: expect.any(String),
        name: "Example Status",
        url: expect.any(String),
        time_zone: "UTC",
        updated_at: expect.any(String),
      },
      status: { indicator: "none", description: "All Systems Operational" },
    });
    const { components } = await get("components");
    expect(components.map(({ name, group }: { name: string; group: boolean }) => [name, group])).toEqual([
      ["Data", true],
      ["Db", false],
      ["Applications", true],
      ["Web", false],
    ]);
    expect(components[1].group_id).toBe(components[0].id);
    expect(await get("incidents")).toMatchObject({ incidents: [] });
    for (const name of ["scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active"]) {
      expect(await get(name)).toMatchObject({ page: {}, scheduled_maintenances: [] });
    }
    expect(Object.keys(await get("summary"))).toEqual([
      "page",
      "components",
      "incidents",
      "scheduled_maintenances",
      "status",
    ]);
  });

  it("shows a real recovery as an incident with an update per tier, and a drill not at all", async () => {
    await using test = await plane();
    await addRun(test);
    await addRun(test, { id: "run-2", plan: { mode: "drill", steps: [] } as unknown as Run["plan"] });
    const { incidents } = (await test.app.inject("/api/v2/incidents/unresolved.json")).json();
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({ status: "identified", impact: "critical", resolved_at: null });
    expect(incidents[0].incident_updates.map(({ body }: { body: string }) => body)).toEqual([
      "Applications: recovery has begun.",
      "Data: back (1 of 1 steps done).",
      "Data: recovery has begun.",
      "We are bringing services back from their recovery points.",
    ]);
    const page = (await test.app.inject("/")).body;
    expect(page).toContain("Services are being recovered");
    expect(page).toContain('<progress value="1" max="1" aria-label="Data: 1 of 1 steps done">');
  });

  it("does not show a recovery that was rolled back as one that brought services back", async () => {
    await using test = await plane();
    await addRun(test, { state: "rolled_back", finishedAt: test.clock.now() });
    const page = (await test.app.inject("/")).body;
    expect(page).toContain("A recovery was taken back");
    expect(page).not.toContain('<li class="done">');
  });

  it("tells no host, address, error or private service", async () => {
    await using test = await plane();
    await setProbe(test, "db-1", "db-up", "failing");
    await addRun(test);
    const paths = ["/", "/api/v2/summary.json", "/api/v2/incidents.json", "/api/v2/components.json"];
    const bodies = await Promise.all(paths.map(async (path) => (await test.app.inject(path)).body));
    for (const body of bodies) expect(body).not.toMatch(/db-1|web-1|10\.1\.2\.3|ECONNREFUSED|db-up|run-1|vault/i);
  });

  it("answers an unchanged page with 304 and sets a policy for its own style and script", async () => {
    await using test = await plane();
    const first = await test.app.inject("/");
    expect(first.headers["content-security-policy"]).toContain("script-src 'sha256-");
    test.clock.advance(5000);
    const second = await test.app.inject({ url: "/", headers: { "if-none-match": String(first.headers.etag) } });
    expect(second.statusCode).toBe(304);
    await setProbe(test, "web-1", "web-up", "failing");
    const third = await test.app.inject({ url: "/", headers: { "if-none-match": String(first.headers.etag) } });
    expect(third.body).toContain("Outage");
  });
});

describe("the metrics", () => {
  it("are computed at the scrape, in base units", async () => {
    await using test = await plane();
    await addPoint(test, "p", "orders", 10 * minute);
    await addRun(test, {
      id: "drill-1",
      state: "succeeded",
      plan: { mode: "drill", steps: [] } as unknown as Run["plan"],
    });
    await test.cp.db.update(recoveries).set({ finishedAt: new Date(1_000_000) });
    const text = (await test.app.inject("/metrics")).body;
    expect(text).toContain('muster_drill_last_success_timestamp_seconds{plan="shop"} 1000');
    expect(text).toContain('muster_exposure_seconds{service="db",source="orders"} 600');
    expect(text).toContain('muster_rpo_target_seconds{service="db",source="orders"} 1800');
    expect(text).not.toContain('muster_exposure_seconds{service="db",source="billing"}');
    expect(text).toContain('muster_agent_clock_offset_seconds{host="db-1"} 0.25');
    expect(text).toContain('muster_agent_up{host="web-1"} 1');
    expect(text).toMatch(/muster_plan_findings\{severity="warning"\} \d/);
  });
});
