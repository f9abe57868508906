import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { auditRecords, pointCopies, points, sweeps } from "@muster/database";
import type { ApiSweep } from "@muster/protocol";
import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { rebuildCatalog } from "../catalog/rebuild.ts";
import { retentionDecisions } from "../catalog/retention.ts";
import { prepareRepositories } from "../repositories/open.ts";
import { renderMetrics } from "../status/metrics.ts";
import { type TestControlPlane, testControlPlane } from "../testing/index.ts";
import { holdPoint } from "./hold.ts";
import { sweepRules } from "./rules.ts";
import { sweepDue } from "./start.ts";
import { endSilentSweeps, insertSweep } from "./store.ts";
import { sweepRepository } from "./sweep-repository.ts";

const noon = Date.UTC(2026, 2, 2, 12);
const meta = { mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n };
const minute = 60_000;

/** Other bytes for every name, which do not compress. */
function contentOf(name: string): Buffer {
  return createHash("shake256", { outputLength: 200_000 }).update(name).digest();
}

async function* content(name: string) {
  yield contentOf(name);
}

/** A control plane whose repository has points of these names, the named ones expired; its grace is short. */
async function filled(names: readonly string[], expired: readonly string[], grace = 1) {
  const test = await testControlPlane();
  const { main } = test.cp.config.repositories;
  if (main === undefined) throw new Error("a test has a repository");
  const sweep = { every: 60 * minute, grace };
  Object.assign(test.cp.config.repositories, { main: { ...main, sweep } });
  await prepareRepositories(test.cp.config, silentLogger);
  const repository = await test.cp.repositories.open("main");
  for (const [n, pointId] of names.entries()) {
    const spec = { source: "orders", kind: "files", host: "db-1", startedAt: noon + n, pointId } as const;
    const writer = await repository.domain("db").beginPoint(spec);
    await writer.addFile("f", meta, content(pointId));
    await writer.commit({ takenAt: noon + n * minute });
  }
  await rebuildCatalog(test.cp, "main", "user:ann");
  for (const id of expired) await expire(test, id);
  const bytes = () => sizeOf(join(main.url));
  return { test, repository, bytes };
}

async function expire(test: TestControlPlane, id: string): Promise<void> {
  await test.cp.db
    .update(points)
    .set({ expiredAt: new Date(noon), expiryReason: "no rule" })
    .where(eq(points.id, id));
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(folder, name)));
  return files.reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
}

const ids = async (test: TestControlPlane) => (await test.cp.db.select().from(points)).map(({ id }) => id).sort();
const actions = async (test: TestControlPlane) =>
  (await test.cp.db.select().from(auditRecords)).map(({ action }) => action);

/** Sweeps until the condition holds: the store's clock is the real one. */
async function sweepUntil(test: TestControlPlane, what: string, done: () => Promise<boolean> | boolean): Promise<void> {
  await waitFor(what, async () => {
    await sweepRepository(test.cp, { repository: "main", dryRun: false }, "user:ann");
    return done();
  });
}

it("deletes what has expired from the repository and the catalog, and leaves the rest whole", async () => {
  const { test, repository, bytes } = await filled(["old-1", "old-22", "new-333"], ["old-1", "old-22"]);
  await using _ = test;
  const before = bytes();
  await sweepUntil(test, "the points to go", async () => (await ids(test)).length === 1);
  expect(await ids(test)).toEqual(["new-333"]);
  expect((await repository.domain("db").listPoints()).map(({ id }) => id)).toEqual(["new-333"]);
  await sweepUntil(test, "the bytes to go", () => bytes() < before - 2 * 190_000);
  const reader = await repository.domain("db").openPoint("new-333");
  const entry = await reader.entry("f");
  const parts: Uint8Array[] = [];
  if (entry !== undefined) for await (const part of reader.read(entry)) parts.push(part);
  expect(Buffer.concat(parts).equals(contentOf("new-333"))).toBe(true);
  expect(await actions(test)).toEqual(expect.arrayContaining(["repository.sweep", "point.delete"]));
  const { text } = await renderMetrics(test.cp);
  expect(text).toMatch(/muster_sweep_last_success_timestamp_seconds\{repository="main"\} \d/);
});

it("previews with reasons and bytes, and changes nothing; both are listed", async () => {
  const { test, bytes } = await filled(["old", "newer"], ["old"], minute);
  await using _ = test;
  const before = bytes();
  const response = await test.call("admin", "/api/v1/repositories/main/sweeps", { dryRun: true });
  const sweep: ApiSweep = response.json();
  expect(sweep).toMatchObject({ state: "succeeded", dryRun: true, repository: "main" });
  expect(sweep.services?.[0]?.points).toEqual([{ id: "old", fate: "marked", reason: "no rule" }]);
  expect(sweep.services?.[0]?.marked.bytes).toBeGreaterThan(190_000);
  expect(bytes()).toBe(before);
  expect((await test.call("operator", "/api/v1/repositories/main/sweeps", { dryRun: false })).statusCode).toBe(403);
  await test.call("admin", "/api/v1/repositories/main/sweeps", { dryRun: false });
  const { items } = (await test.call("viewer", "/api/v1/repositories/main/sweeps")).json();
  expect(items.map(({ dryRun }: ApiSweep) => dryRun)).toEqual([false, true]);
});

it("keeps what is held, lets it be restored again, and deletes it after the release", async () => {
  const { test } = await filled(["held", "newer"], ["held"]);
  await using _ = test;
  const body = { kind: "legal", reason: "case 12" };
  const placed = await test.call("operator", "/api/v1/points/held/hold", body);
  expect([placed.statusCode, placed.json()]).toMatchObject([
    201,
    { pointId: "held", kind: "legal", placedBy: "user:test-operator" },
  ]);
  expect((await test.call("viewer", "/api/v1/points/held/hold", body)).statusCode).toBe(403);
  const { items } = (await test.call("viewer", "/api/v1/points")).json();
  expect(items.map(({ id }: { id: string }) => id).sort()).toEqual(["held", "newer"]);
  const decisions = await retentionDecisions(test.cp.db, noon);
  expect(decisions.find(({ pointId }) => pointId === "held")).toMatchObject({
    keep: true,
    reasons: ["kept: legal hold: case 12"],
  });

  await expire(test, "held"); // even so
  for (let n = 0; n < 3; n++) await sweepRepository(test.cp, { repository: "main", dryRun: false }, "system");
  expect(await ids(test)).toEqual(["held", "newer"]);
  expect((await test.call("operator", "/api/v1/points/held/release", {})).statusCode).toBe(200);
  expect((await test.call("operator", "/api/v1/points/held/release", {})).statusCode).toBe(404);
  await sweepUntil(test, "the point to go", async () => !(await ids(test)).includes("held"));
  expect(await actions(test)).toEqual(expect.arrayContaining(["point.hold", "point.release", "point.delete"]));
});

it("refuses a hold once the deletion is decided", async () => {
  const { test } = await filled(["old", "newer"], ["old"]);
  await using _ = test;
  await test.cp.db.update(points).set({ deletingAt: new Date(noon) });
  await expect(holdPoint(test.cp, "old", { kind: "incident", reason: "late" }, "user:ann")).rejects.toMatchObject({
    code: "conflict",
  });
  await expect(holdPoint(test.cp, "no", { kind: "incident", reason: "late" }, "user:ann")).rejects.toMatchObject({
    code: "point-missing",
  });
});

it("sweeps by itself when the time has come, one at a time", async () => {
  const { test } = await filled(["only"], []);
  await using _ = test;
  const since = test.clock.now();
  await sweepDue(test.cp, { since });
  expect(await test.cp.db.select().from(sweeps)).toEqual([]);
  test.clock.advance(60 * minute);
  await sweepDue(test.cp, { since });
  await sweepDue(test.cp, { since });
  expect(await test.cp.db.select().from(sweeps)).toMatchObject([{ requestedBy: "system", state: "succeeded" }]);

  const at = new Date(test.clock.now());
  const fields = { repository: "main", dryRun: false, requestedBy: "system", state: "running" } as const;
  await insertSweep(test.cp.db, { id: "swp_live", ...fields, startedAt: at, seenAt: at });
  const again = sweepRepository(test.cp, { repository: "main", dryRun: false }, "system");
  await expect(again).rejects.toMatchObject({ code: "conflict" });
  test.clock.advance(10 * minute); // its process gave no sign of life
  await sweepRepository(test.cp, { repository: "main", dryRun: false }, "system");
  const rows = await test.cp.db.select().from(sweeps);
  expect(rows.map(({ id, state }) => (id === "swp_live" ? state : ""))).toContain("failed");
  await endSilentSweeps(test.cp.db, at, null);
});

it("takes a point out of the catalog with its last copy", async () => {
  const { test } = await filled(["copied", "newer"], ["copied"]);
  await using _ = test;
  await test.cp.db.insert(pointCopies).values({ pointId: "copied", repository: "far", copiedAt: new Date(noon) });
  const { deleted, expired } = sweepRules(test.cp, "main");
  await deleted("db", ["copied"]);
  await deleted("db", ["copied"]); // after a crash it is told again
  const [row] = await test.cp.db.select().from(points).where(eq(points.id, "copied"));
  expect(row).toMatchObject({ repository: "far" });
  expect([...(await expired("db")).keys()]).toEqual([]);
  const far = sweepRules(test.cp, "far");
  expect([...(await far.expired("db")).keys()]).toEqual(["copied"]);
  await far.deleted("db", ["copied"]);
  expect(await ids(test)).toEqual(["newer"]);
});

it("says that a repository has no sweep, where none is configured", async () => {
  await using test = await testControlPlane();
  const response = await test.call("admin", "/api/v1/repositories/main/sweeps", { dryRun: true });
  expect(response.json()).toMatchObject({ code: "config-invalid" });
});
