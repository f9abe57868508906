import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { memoryStore } from "@muster/object-store/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initRepository, restoreTree } from "../index.ts";
import { grantedDomain, meta, passphrase, pieces, seededRandom, spec, takenAt } from "../testing/index.ts";
import type { DomainGrant } from "../types.ts";

/** Restores that are large enough for threads. */
const random = seededRandom(93);
const store = memoryStore();
let grant: DomainGrant;
let id: string;
const files = new Map<string, Buffer>();

let folder: string;
let restores = 0;
const fresh = (): string => join(folder, `restore-${restores++}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-threads-"));
  grant = (await initRepository(store, { passphrase })).grant("d");
  const shared = random.bytes(300_000);
  files.set("large", Buffer.concat([random.bytes(20_000_000), shared, random.text(9_000_000)]));
  files.set("empty", Buffer.alloc(0));
  for (let n = 0; n < 600; n++) files.set(`small/${n % 7}/f${n}`, random.bytes(1 + ((n * 997) % 9000)));
  // What lies in many segments in turn, and what lies in one and belongs to many files.
  for (let n = 0; n < 8; n++) files.set(`mixed/${n}`, Buffer.concat([shared, random.bytes(400_000), shared]));
  const writer = await grantedDomain(store, grant).beginPoint(spec());
  for (const [path, content] of files) await writer.addFile(path, { ...meta, mode: 0o640 }, pieces(content));
  ({ id } = await writer.commit({ takenAt }));
});
afterAll(() => rm(folder, { recursive: true }));

async function openFilesHere(): Promise<number> {
  const descriptors = await readdir("/proc/self/fd");
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((path) => path.startsWith(folder)).length;
}

test("every file comes back with its bytes, mode and time, and none stays open", async () => {
  const target = fresh();
  const done = await restoreTree(await grantedDomain(store, grant).openPoint(id), target, { ownership: false });
  const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  expect(done).toEqual({ files: files.size, bytes });
  for (const [path, content] of files) {
    const place = join(target, path);
    expect((await readFile(place)).equals(content), path).toBe(true);
    const { mode, mtimeMs } = await stat(place);
    expect(mode & 0o7777).toBe(0o640);
    expect(mtimeMs).toBeCloseTo(Number(BigInt(meta.mtimeNs) / 1000n) / 1000, 2);
  }
  expect(await openFilesHere()).toBe(0);
});

test("one changed byte of a pack ends the restore with the name of the pack", async () => {
  const pack = [...store.objects.keys()].find((key) => key.includes("/packs/")) ?? "";
  const bytes = Buffer.from(store.objects.get(pack) ?? "");
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  const damaged = memoryStore(new Map(store.objects).set(pack, bytes));
  const reader = await grantedDomain(damaged, grant).openPoint(id);
  const packId = pack.slice(pack.lastIndexOf("/") + 1);
  await expect(restoreTree(reader, fresh(), { ownership: false })).rejects.toMatchObject({
    code: "repository-corrupt",
    message: expect.stringContaining(packId),
  });
  expect(await openFilesHere()).toBe(0);
});

test.each([1, 5, 20])("a store that is lost after %i reads ends the restore with its error", async (reads) => {
  const error = new MusterError("store-unavailable", "the store is gone");
  let left = Number.POSITIVE_INFINITY;
  const failing = {
    ...store,
    get: async (...call: Parameters<typeof store.get>) => {
      if (left-- <= 0) throw error;
      return store.get(...call);
    },
  };
  const reader = await grantedDomain(failing, grant).openPoint(id);
  left = reads;
  await expect(restoreTree(reader, fresh(), { ownership: false })).rejects.toBe(error);
  expect(await openFilesHere()).toBe(0);
});

test.each(["large", "small/3/f3", "empty"])("nothing is written over %s when it is there", async (path) => {
  const target = fresh();
  await mkdir(join(target, "small/3"), { recursive: true });
  await writeFile(join(target, path), "live");
  const reader = await grantedDomain(store, grant).openPoint(id);
  await expect(restoreTree(reader, target, { ownership: false })).rejects.toMatchObject({ code: "conflict" });
  expect(await readFile(join(target, path), "utf8")).toBe("live");
});

test("a restore that is cancelled ends", async () => {
  const controller = new AbortController();
  const reader = await grantedDomain(store, grant).openPoint(id);
  const { signal } = controller;
  const onProgress = ({ bytes }: { bytes: number }): void => {
    if (bytes > 2_000_000) controller.abort();
  };
  const restore = restoreTree(reader, fresh(), { ownership: false, signal, onProgress });
  await expect(restore).rejects.toMatchObject({ code: "cancelled" });
  expect(await openFilesHere()).toBe(0);
});
