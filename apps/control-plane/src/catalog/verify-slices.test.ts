import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { copyPoints } from "@muster/repository";
import { afterAll, expect, it } from "vitest";
import { prepareRepositories } from "../repositories/open.ts";
import { type TestControlPlane, testControlPlane } from "../testing/index.ts";
import { healRepository } from "./heal.ts";
import { pointById } from "./points-store.ts";
import { rebuildCatalog } from "./rebuild.ts";
import { sampleProgress } from "./sample-progress.ts";
import { verifyRepository } from "./verify.ts";
import { dueSlice, verifySlice } from "./verify-slices.ts";

const day = 86_400_000;
const meta = { mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n };

async function* content(text: string) {
  yield Buffer.from(text);
}

const folder = mkdtempSync(join(tmpdir(), "muster-heal-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a point and lists it; its id. */
async function write(test: TestControlPlane, text: string): Promise<string> {
  const startedAt = test.cp.clock.now() - 1000;
  const repository = await test.cp.repositories.open("main");
  const spec = { source: "orders", kind: "files", host: "db-1", startedAt } as const;
  const writer = await repository.domain("db").beginPoint(spec, { clock: test.cp.clock });
  await writer.addFile("orders.csv", meta, content(text.repeat(10_000)));
  const { id } = await writer.commit({ takenAt: startedAt });
  await rebuildCatalog(test.cp, "main", "system");
  return id;
}

/** Flips a bit of every pack in a folder; the first bytes of a pack are its id. */
function damagePacks(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/packs\/..\/[0-9a-f]{32}$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    bytes.writeUInt8((bytes[40] ?? 0) ^ 1, 40);
    writeFileSync(join(folder, name), bytes, { mode: 0o600 });
  }
}

it("proves points by parts: only when every part was read after they were made", async () => {
  await using test = await testControlPlane();
  await prepareRepositories(test.cp.config, silentLogger);
  const first = await write(test, "first ");
  test.clock.advance(day);
  const parts = { repository: "main", slices: 3 };
  await verifySlice(test.cp, { ...parts, slice: 0 });
  await verifySlice(test.cp, { ...parts, slice: 1 });
  expect(await pointById(test.cp.db, first)).toMatchObject({ verifiedAt: null });
  test.clock.advance(day);
  const second = await write(test, "second ");
  await verifySlice(test.cp, { ...parts, slice: 2 });
  expect(await pointById(test.cp.db, first)).toMatchObject({ verifyLevel: "read", damaged: false });
  expect(await pointById(test.cp.db, second)).toMatchObject({ verifiedAt: null });
  const every = { url: "/repository", keyFile: "/key", verifyEveryMs: 3 * day };
  const sampled = await sampleProgress(test.cp.db, { main: every });
  const made = new Date(test.clock.now());
  expect(sampled("main", new Date(0))).toEqual({ read: 3, of: 3 });
  expect(sampled("main", new Date(made.getTime() - 1))).toEqual({ read: 1, of: 3 });
  expect(sampled("main", made)).toEqual({ read: 0, of: 3 });
  expect(sampled("other", made)).toBeUndefined();
});

it("reads one part a day, the oldest first, and two while it is behind", async () => {
  await using test = await testControlPlane();
  await prepareRepositories(test.cp.config, silentLogger);
  const now = test.cp.clock.now();
  const ask = (at: number) => dueSlice(test.cp.db, { repository: "main", slices: 3, every: 3 * day, now: at });
  expect(await ask(now)).toBe(0);
  await verifySlice(test.cp, { repository: "main", slices: 3, slice: 0 });
  expect(await ask(now + day / 2)).toBeUndefined();
  expect(await ask(now + day + 60_000)).toBe(1);
  expect(await ask(now + 30 * day)).toBe(1);
});

it("heals a repository from its copy, and says what it cannot heal without one", async () => {
  const place = (name: string) => ({ url: join(folder, name), keyFile: join(folder, "main.key") });
  const repositories = { main: place("main"), second: { ...place("second"), copyOf: "main" } };
  await using test = await testControlPlane({ config: { repositories } });
  await prepareRepositories(test.cp.config, silentLogger);
  const id = await write(test, "precious ");
  const [main, second] = [await test.cp.repositories.open("main"), await test.cp.repositories.open("second")];
  await copyPoints(main.store, second.store, main.grant("db"), { holder: "test" });
  damagePacks(test.cp.config.repositories.main?.url ?? "");
  await verifyRepository(test.cp, { repository: "main", level: "read" }, "user:ann");
  expect(await pointById(test.cp.db, id)).toMatchObject({ damaged: true });
  const report = await healRepository(test.cp, { repository: "main", level: "read" }, "user:ann");
  expect(report.left).toEqual([]);
  expect(report.healed.length).toBeGreaterThan(0);
  expect(report.healed.every(({ from }) => from === "second")).toBe(true);
  expect(await pointById(test.cp.db, id)).toMatchObject({ damaged: false });
  const again = await verifyRepository(test.cp, { repository: "main", level: "read" }, "user:ann");
  expect(again.damage).toEqual([]);
});
