import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { points } from "@muster/database";
import type { Repository } from "@muster/repository";
import { expect, it } from "vitest";
import { prepareRepositories } from "../repositories/open.ts";
import { type TestControlPlane, testControlPlane } from "../testing/index.ts";
import { rebuildCatalog } from "./rebuild.ts";
import { verifyRepository } from "./verify.ts";

const noon = Date.UTC(2026, 2, 2, 12);
const meta = { mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n };

async function* content(text: string) {
  yield Buffer.from(text);
}

/** A point with one file, as an agent writes it; its id. */
async function write(repository: Repository, service: string, text: string, startedAt: number): Promise<string> {
  const spec = { source: "orders", kind: "files", host: "db-1", startedAt } as const;
  const writer = await repository.domain(service).beginPoint(spec);
  await writer.addFile("orders.csv", meta, content(text));
  return (await writer.commit({ takenAt: startedAt, facts: { rows: text.length } })).id;
}

/** A control plane with an empty database, and a repository with three points of two services that no plan names. */
async function filled(test: TestControlPlane) {
  await prepareRepositories(test.cp.config, silentLogger);
  const repository = await test.cp.repositories.open("main");
  const first = await write(repository, "db", "first ".repeat(10_000), noon);
  const second = await write(repository, "db", "second ".repeat(10_000), noon + 1000);
  const other = await write(repository, "shop", "other ".repeat(10_000), noon + 2000);
  return { first, second, other };
}

const rows = (test: TestControlPlane) => test.cp.db.select().from(points).orderBy(points.takenAt);

it("comes back whole from the repository, without a plan and from nothing", async () => {
  await using test = await testControlPlane();
  const { first, second, other } = await filled(test);
  expect(await rebuildCatalog(test.cp, "main", "user:ann")).toEqual({
    repository: "main",
    found: 3,
    added: 3,
    missing: [],
  });
  const before = await rows(test);
  expect(before.map(({ id, service }) => [id, service])).toEqual([
    [first, "db"],
    [second, "db"],
    [other, "shop"],
  ]);
  expect(before[0]).toMatchObject({ facts: { rows: 60_000 }, logicalBytes: 60_000, takenAt: new Date(noon) });
  await test.cp.db.delete(points);
  expect(await rebuildCatalog(test.cp, "main", "user:ann")).toMatchObject({ added: 3 });
  expect(await rows(test)).toEqual(before);
});

it("knows after a verification which points a damaged pack hits, and which not", async () => {
  await using test = await testControlPlane();
  const { first, second, other } = await filled(test);
  await rebuildCatalog(test.cp, "main", "user:ann");
  const request = { repository: "main", level: "read" } as const;
  expect((await verifyRepository(test.cp, request, "user:ann")).damage).toEqual([]);

  const place = test.cp.config.repositories.main?.url ?? "";
  const repository = await test.cp.repositories.open("main");
  const packs = () =>
    readdirSync(place, { recursive: true, encoding: "utf8" }).filter((name) => /packs\/..\/./.test(name));
  const old = new Set(packs());
  const third = await write(repository, "db", "third ".repeat(10_000), noon + 3000);
  await rebuildCatalog(test.cp, "main", "user:ann");
  const [pack = ""] = packs().filter((name) => !old.has(name));
  truncateSync(join(place, pack), Math.floor(statSync(join(place, pack)).size / 2));

  const { damage } = await verifyRepository(test.cp, request, "user:ann");
  expect(damage).toMatchObject([{ service: "db", point: third, object: pack }]);
  const damaged = (await rows(test)).filter((row) => row.damaged).map(({ id }) => id);
  expect(damaged).toEqual([third]);
  expect((await rows(test)).filter((row) => !row.damaged).map(({ id }) => id)).toEqual([first, second, other]);
});
