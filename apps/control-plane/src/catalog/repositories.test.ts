import { MusterError } from "@muster/core";
import { verifications } from "@muster/database";
import { describe, expect, it } from "vitest";
import type { Repositories } from "../context.ts";
import { listRepositories } from "./list-repositories.ts";
import { insertPoints, listPoints, pointById } from "./points-store.ts";
import { rebuildCatalog } from "./rebuild.ts";
import type { CatalogRepository, DomainReport, ListedPoint } from "./repository-port.ts";
import { putPlan, testPlane } from "./testing/test-plane.ts";
import { verifyRepository } from "./verify.ts";

const takenAt = Date.UTC(2026, 2, 1);
const listed = (id: string): ListedPoint => ({
  id,
  source: "orders",
  kind: "postgres",
  host: "db-1",
  startedAt: takenAt,
  takenAt,
  finishedAt: takenAt,
  logicalBytes: 10,
  storedBytes: 5,
  entries: 1,
  facts: { version: 15 },
});

/** A repository that lists these points per service; a service whose answer is an error throws it. */
function repositories(
  points: Record<string, readonly ListedPoint[] | Error>,
  reports: Record<string, DomainReport> = {},
): Repositories {
  const repository: CatalogRepository = {
    id: "repo-1",
    freeSpace: async () => 1000,
    async *domains() {
      yield* Object.keys(points);
    },
    domain: (service) => ({
      listPoints: async () => {
        const answer = points[service] ?? [];
        if (answer instanceof Error) throw answer;
        return answer;
      },
      verify: async () => reports[service] ?? { points: [], bytesRead: 0, damage: [] },
    }),
  };
  const open = async (name: string) => {
    if (name === "broken") throw new MusterError("repository-missing", "there is no repository at /gone");
    return repository as unknown as Awaited<ReturnType<Repositories["open"]>>; // the catalog asks for these members only
  };
  const openForSweep = () => Promise.reject(new Error("these tests do not sweep"));
  return { names: () => ["main", "broken"], url: (name) => `file:///${name}`, open, openForSweep };
}

describe("rebuilding the catalog", () => {
  it("lists what the manifests say, keeps what is there, and marks what has no manifest", async () => {
    await using test = await testPlane({ repositories: repositories({ db: [listed("p1"), listed("p2")] }) });
    await putPlan(test.cp.db);
    const at = new Date(takenAt);
    const place = { service: "db", source: "orders", sourceType: "postgres", repository: "main", host: "db-1" };
    const sizes = { logicalBytes: 1, storedBytes: 1, entries: 1, facts: {} };
    const gone = { id: "gone", ...place, ...sizes, startedAt: at, takenAt: at, finishedAt: at };
    await insertPoints(test.cp.db, [gone]);
    const rebuilt = await rebuildCatalog(test.cp, "main", "user:ann");
    expect(rebuilt).toEqual({ repository: "main", found: 2, added: 2, missing: ["gone"] });
    expect(await rebuildCatalog(test.cp, "main", "user:ann")).toMatchObject({ found: 2, added: 0 });
    expect(await pointById(test.cp.db, "p1")).toMatchObject({
      service: "db",
      repository: "main",
      facts: { version: 15 },
      damaged: false,
    });
    expect(await pointById(test.cp.db, "gone")).toMatchObject({ damaged: true, expiredAt: null });
  });

  it("changes nothing when a list fails: an error is not an empty repository", async () => {
    const away = new MusterError("store-unavailable", "the disk does not answer");
    await using test = await testPlane({ repositories: repositories({ db: [listed("p1")], web: away }) });
    await putPlan(test.cp.db);
    await expect(rebuildCatalog(test.cp, "main", "user:ann")).rejects.toMatchObject({ code: "store-unavailable" });
    expect(await listPoints(test.cp.db, { expired: true }, { limit: 9 })).toEqual([]);
  });

  it("names the repositories that there are when one is not known", async () => {
    await using test = await testPlane({ repositories: repositories({}) });
    await expect(rebuildCatalog(test.cp, "mian", "user:ann")).rejects.toMatchObject({
      code: "not-found",
      hint: "Known: main, broken",
    });
  });
});

describe("verifying", () => {
  it("stores the report and marks exactly the damaged points", async () => {
    const damage = [{ point: "p2", object: "db/packs/ab/abc", message: "authentication failed" }];
    const report = { points: ["p1", "p2"], bytesRead: 20, damage };
    await using test = await testPlane({
      repositories: repositories({ db: [listed("p1"), listed("p2")] }, { db: report }),
    });
    await putPlan(test.cp.db);
    await rebuildCatalog(test.cp, "main", "user:ann");
    const answer = await verifyRepository(test.cp, { repository: "main", level: "read" }, "user:ann");
    expect(answer).toMatchObject({ points: 2, bytesRead: 20, damage: [{ service: "db", point: "p2" }] });
    expect(await pointById(test.cp.db, "p1")).toMatchObject({ damaged: false, verifyLevel: "read" });
    expect(await pointById(test.cp.db, "p2")).toMatchObject({ damaged: true });
    expect(await test.cp.db.select().from(verifications)).toMatchObject([{ repository: "main", level: "read" }]);
  });
});

describe("listing repositories", () => {
  it("says which can be reached, and why one cannot", async () => {
    expect(await listRepositories({ repositories: repositories({}) })).toEqual([
      { name: "main", url: "file:///main", reachable: true, id: "repo-1", freeBytes: 1000 },
      { name: "broken", url: "file:///broken", reachable: false, message: "there is no repository at /gone" },
    ]);
  });
});
