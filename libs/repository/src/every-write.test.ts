import { fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileStore, type DeletableStore, openFileStore } from "@muster/object-store";
import { faultyStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { initRepository } from "./index.ts";
import { backUp, grantedDomain, passphrase, readBack, seededRandom } from "./testing/index.ts";
import { backedUp, doWork, type Killed, type Work } from "./testing/killed-work.ts";
import { mergeAllIndexes } from "./testing/merge-indexes.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-writes-"));
afterAll(() => rm(scratch, { recursive: true }));

/** Processes at once. */
const lanes = 3;
const random = seededRandom(47);
const contents: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
  old: { own: random.bytes(60_000) },
  sparse: { own: random.bytes(300_000), shared: backedUp.shared },
  lost: { own: random.bytes(20_000), shared: backedUp.shared },
  kept: { shared: backedUp.shared, more: random.bytes(1000) },
};
const base = join(scratch, "base");
const grant = await makeBase();

async function makeBase() {
  const store = await createFileStore(base);
  const repository = await initRepository(store, { passphrase });
  for (const [pointId, files] of Object.entries(contents)) await backUp(repository.domain("d"), files, { pointId });
  await rm(join(base, "d/leases"), { recursive: true }); // as a sweep long after them leaves it
  const given = repository.grant("d");
  await mergeAllIndexes(base, given);
  return given;
}

const domainAt = async (path: string) => grantedDomain(await openFileStore(path), grant);

async function expectWhole(path: string, at: string, ids: readonly string[]): Promise<void> {
  const domain = await domainAt(path);
  const listed = (await domain.listPoints()).map(({ id }) => id);
  expect(listed, at).toEqual(expect.arrayContaining([...ids]));
  expect((await domain.verify({ level: "read" })).damage, at).toEqual([]);
  for (const id of listed) {
    const found = await readBack(await domain.openPoint(id));
    for (const [name, bytes] of Object.entries(contents[id] ?? backedUp)) {
      expect(found[name]?.equals(bytes), `${name} of ${id}, ${at}`).toBe(true);
    }
  }
}

/** Whether it was killed; otherwise it came to its end. */
async function wasKilled(killed: Killed): Promise<boolean> {
  const child = fork(new URL("./testing/killed-worker.ts", import.meta.url), {
    env: { ...process.env, NODE_COMPILE_CACHE: join(scratch, "compiled") },
  });
  child.send(killed);
  const [code, signal] = await once(child, "exit");
  if (signal !== "SIGKILL") expect(code).toBe(0);
  return signal === "SIGKILL";
}

interface Site {
  readonly kind: Work["kind"];
  /** Makes what the work begins with, in a directory that is not there yet. */
  readonly prepare: (path: string) => Promise<void>;
  /** Looks at what is there after a kill, and after the work was done again. */
  readonly afterKill: (path: string, at: string) => Promise<void>;
  readonly atEnd: (path: string, at: string) => Promise<void>;
}

/** Kills the work at each of its writes, before and after it; returns how many there are. */
async function killAtEveryWrite({ kind, prepare, afterKill, atEnd }: Site): Promise<number> {
  let next = 0;
  let ended = false;
  const lane = async (): Promise<void> => {
    while (!ended) {
      const number = next++;
      const [write, moment] = [1 + (number >> 1), number % 2 === 0 ? "before" : "after"] as const;
      const path = join(scratch, `${kind}-${number}`);
      await prepare(path);
      const work: Work = { kind, path, other: base, grant, pointId: "new", expired: ["old", "sparse"], scratch };
      const at = `${kind}, killed ${moment} write ${write}`;
      if (!(await wasKilled({ work, write, moment }))) ended = true;
      else await afterKill(path, at);
      await doWork({ ...work, pointId: "again" });
      await atEnd(path, at);
      await rm(path, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return next >> 1;
}

const copyOfBase = (path: string): Promise<void> => cp(base, path, { recursive: true });
const all = Object.keys(contents);

test("a backup", async () => {
  const writes = await killAtEveryWrite({
    kind: "backup",
    prepare: copyOfBase,
    afterKill: (path, at) => expectWhole(path, at, all),
    atEnd: (path, at) => expectWhole(path, at, [...all, "again"]),
  });
  expect(writes).toBeGreaterThan(4);
}, 120_000);

test("sweeps that delete, repack and merge", async () => {
  expect(await writesOfSweeps()).toEqual(
    expect.arrayContaining(["delete points", "put packs", "delete packs", "put index", "delete index"]),
  );
  const writes = await killAtEveryWrite({
    kind: "sweep",
    prepare: copyOfBase,
    afterKill: (path, at) => expectWhole(path, at, ["lost", "kept"]),
    async atEnd(path, at) {
      await expectWhole(path, at, ["lost", "kept"]);
      expect(await (await domainAt(path)).listPoints(), at).toHaveLength(2);
    },
  });
  expect(writes).toBeGreaterThan(20);
}, 180_000);

/** What kinds of writes the sweeps make when nothing disturbs them. */
async function writesOfSweeps(): Promise<string[]> {
  const path = join(scratch, "undisturbed");
  await copyOfBase(path);
  const writes = new Set<string>();
  const noted = (store: DeletableStore) =>
    faultyStore(store, (_, operation, key) => void writes.add(`${operation} ${key.split("/")[1]}`));
  const names = { pointId: "new", expired: ["old", "sparse"] };
  await doWork({ kind: "sweep", path, other: base, grant, scratch, ...names }, noted);
  return [...writes];
}

test("a copy", async () => {
  const writes = await killAtEveryWrite({
    kind: "copy",
    prepare: async (path) => void (await createFileStore(path)),
    afterKill: (path, at) => expectWhole(path, at, []),
    atEnd: (path, at) => expectWhole(path, at, all),
  });
  expect(writes).toBeGreaterThan(12);
}, 120_000);

test("a repair", async () => {
  const { damaged, missing } = await whatToHurt();
  const hurt = async (path: string): Promise<void> => {
    await copyOfBase(path);
    for (const key of damaged) await flipBit(join(path, key));
    for (const key of missing) await rm(join(path, key));
  };
  const unrepaired = join(scratch, "unrepaired");
  await hurt(unrepaired);
  const before = (await (await domainAt(unrepaired)).verify({ level: "read" })).damage;
  const hitPoints = new Set(before.map(({ point }) => point));
  const writes = await killAtEveryWrite({
    kind: "heal",
    prepare: hurt,
    async afterKill(path, at) {
      const domain = await domainAt(path);
      const listed = (await domain.listPoints()).map(({ id }) => id);
      expect(listed, at).toEqual(expect.arrayContaining(["old", "sparse", "kept"]));
      const { damage } = await domain.verify({ level: "read" });
      // A point that was hit is named by its manifest when what describes its content is what is hurt.
      for (const { object, point } of damage) {
        const known = object.includes("/points/") ? hitPoints.has(point) : [...damaged, ...missing].includes(object);
        expect(known, `${at}: ${object}`).toBe(true);
      }
    },
    atEnd: (path, at) => expectWhole(path, at, all),
  });
  expect(writes).toBeGreaterThan(5);
}, 120_000);

/** Packs that are damaged, and the manifest of a point and an index that are gone. */
async function whatToHurt(): Promise<{ damaged: string[]; missing: string[] }> {
  const keys: string[] = [];
  for await (const { key } of (await openFileStore(base)).list("d/")) keys.push(key);
  const packs = keys.filter((key) => key.includes("/packs/")).sort();
  const missing = keys.filter((key) => key.endsWith("-lost") || key.includes("/index/"));
  return { damaged: packs.slice(0, 2), missing: [...missing, ...packs.slice(2, 3)] };
}

async function flipBit(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8((bytes[300] ?? 0) ^ 4, 300);
  await rm(file);
  await writeFile(file, bytes);
}
