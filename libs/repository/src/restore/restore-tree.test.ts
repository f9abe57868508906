import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { pathFromBytes, pathToBytes } from "../encoding/path.ts";
import { restoreTree } from "../index.ts";
import type { PointReader } from "../read/types.ts";
import { backUp, meta, newDomain, pieces, seededRandom, spec, takenAt, writeFilesHere } from "../testing/index.ts";
import type { Domain, Entry } from "../types.ts";
import type { PointWriter } from "../write/types.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-restore-"));
afterAll(() => rm(scratch, { recursive: true }));
let count = 0;
const fresh = () => join(scratch, `r${count++}`);

/** Adds a directory of the disk with all in it, as an agent does. */
async function addTree(writer: PointWriter, root: Buffer, path: string): Promise<void> {
  const place = path === "" ? root : Buffer.concat([root, Buffer.from("/"), pathToBytes(path)]);
  const names = (await readdir(place, { encoding: "buffer" })).sort(Buffer.compare);
  for (const name of names) {
    const inner = path === "" ? pathFromBytes(name) : `${path}/${pathFromBytes(name)}`;
    const at = Buffer.concat([place, Buffer.from("/"), name]);
    const stats = await lstat(at, { bigint: true });
    const [stored] = await writer.addFromDisk([{ path: inner, absolutePath: at, stats }]);
    expect(stored?.failure).toBeUndefined();
    if (stats.isDirectory()) await addTree(writer, root, inner);
  }
}

async function backUpDisk(domain: Domain, root: string, startedAt = Date.now() + 5000) {
  const writer = await domain.beginPoint(spec({ source: "etc", kind: "files", startedAt }));
  await addTree(writer, Buffer.from(root), "");
  return writer.commit({ takenAt });
}

/** Type, mode, owner, time to the microsecond, and content of everything under a directory. */
async function describeTree(root: string): Promise<string> {
  const found = execFileSync("find", [".", "-printf", "%P %y %m %U %G %.17T+ %l\n"], { cwd: root, encoding: "latin1" });
  const lines = found
    .split("\n")
    .filter((line) => !line.startsWith(" d"))
    .map((line) => line.replace(/\d{4}$/, ""));
  const sums = execFileSync("sh", ["-c", "find . -type f -exec sha256sum {} +"], { cwd: root, encoding: "latin1" });
  return [...lines, ...sums.split("\n")].sort().join("\n");
}

async function makeTree(root: string, seed: number): Promise<void> {
  const random = seededRandom(seed);
  await mkdir(root);
  for (let n = 0; n < 40; n++) {
    const folder = join(root, `d${random.below(5)}`, `e${random.below(3)}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `f${n} ü'`), random.bytes(random.below(30_000)), {
      mode: [0o600, 0o644, 0o4755][n % 3],
    });
  }
  await symlink("../outside", join(root, "dangling"));
  await writeFile(Buffer.concat([Buffer.from(`${root}/name-`), Buffer.of(0xff)]), "not UTF-8");
  await mkdir(join(root, "locked"));
  await writeFile(join(root, "locked", "f"), "x", { mode: 0o400 });
  await chmod(join(root, "locked"), 0o500);
}

test.each([1, 2])("a tree comes back with modes, owners, times, links and odd names (seed %i)", async (seed) => {
  const [root, target] = [fresh(), fresh()];
  await makeTree(root, seed);
  const domain = await newDomain(memoryStore());
  const { id } = await backUpDisk(domain, root);
  await restoreTree(await domain.openPoint(id), target);
  expect(await describeTree(target)).toBe(await describeTree(root));
});

test("a file that did not change is not read again, and one that changed is", async () => {
  const root = fresh();
  await makeTree(root, 3);
  const domain = await newDomain(memoryStore());
  await backUpDisk(domain, root);
  await writeFile(join(root, "d0-new"), "new");
  const reads: number[] = [];
  const writer = await domain.beginPoint(spec({ source: "etc", kind: "files" }), {
    onProgress: ({ bytesRead }) => void reads.push(bytesRead),
  });
  await addTree(writer, Buffer.from(root), "");
  const { id } = await writer.commit({ takenAt: takenAt + 1 });
  expect(reads.at(-1)).toBe(3);
  const target = fresh();
  await restoreTree(await domain.openPoint(id), target);
  expect(await describeTree(target)).toBe(await describeTree(root));
});

test("a file that was written while the last backup began is read again", async () => {
  const root = fresh();
  await mkdir(root);
  await writeFile(join(root, "f"), "x");
  const domain = await newDomain(memoryStore());
  await backUpDisk(domain, root, Math.floor((await lstat(join(root, "f"))).mtimeMs));
  const writer = await domain.beginPoint(spec({ source: "etc", kind: "files" }));
  const found = { path: "f", absolutePath: join(root, "f") };
  expect(await writer.addFromDisk([found])).toMatchObject([{ unchanged: false }]);
  await writer.abort();
});

test("hard links stay links, and a link alone brings the content along", async () => {
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec());
  await writer.addFile("a", meta, pieces(Buffer.from("shared")));
  await writer.addHardLink("z/b", "a", meta);
  const { id } = await writer.commit({ takenAt });
  const reader = await domain.openPoint(id);
  const [both, alone] = [fresh(), fresh()];
  await restoreTree(reader, both);
  expect((await lstat(join(both, "a"))).ino).toBe((await lstat(join(both, "z/b"))).ino);
  await restoreTree(reader, alone, { include: (path) => path.startsWith("z") });
  expect(await readdir(alone)).toEqual(["z"]);
  expect(await readFile(join(alone, "z/b"), "utf8")).toBe("shared");
});

test("nothing that is there is overwritten", async () => {
  const domain = await newDomain(memoryStore());
  const { id } = await backUp(domain, { f: Buffer.from("old") });
  const target = fresh();
  await mkdir(target);
  await writeFile(join(target, "f"), "live");
  await expect(restoreTree(await domain.openPoint(id), target)).rejects.toMatchObject({ code: "conflict" });
  expect(await readFile(join(target, "f"), "utf8")).toBe("live");
});

/** A reader of entries that no writer of ours would write, as whoever has the domain key could. */
function forged(entries: Partial<Entry>[]): PointReader {
  const whole = entries.map((entry) => ({ ...meta, mtimeNs: 0n, uid: 0, gid: 0, size: 1, ...entry }) as Entry);
  async function* read() {
    yield Buffer.from("!");
  }
  return {
    summary: {} as PointReader["summary"], // not used by a restore
    async *entries() {
      yield* whole;
    },
    entry: async (path) => whole.find((entry) => entry.path === path),
    read,
    writeFiles: (files, options = {}) => writeFilesHere(read, files, options),
    writeLike: async () => 0,
  };
}

test.each<[string, Partial<Entry>[]]>([
  ["a path with ..", [{ type: "file", path: "../victim" }]],
  ["a path with .. inside", [{ type: "file", path: "a/../../victim" }]],
  ["an absolute path", [{ type: "file", path: "/victim" }]],
  [
    "a file below a link",
    [
      { type: "symlink", path: "a", target: ".." },
      { type: "file", path: "a/victim" },
    ],
  ],
  [
    "a link below a link",
    [
      { type: "symlink", path: "a", target: ".." },
      { type: "symlink", path: "a/victim", target: "x" },
    ],
  ],
  [
    "a directory in place of a link",
    [
      { type: "symlink", path: "a", target: ".." },
      { type: "directory", path: "a" },
    ],
  ],
  ["a hard link to the outside", [{ type: "hardlink", path: "a", target: "../secret" }]],
  [
    "a hard link through a link",
    [
      { type: "symlink", path: "l", target: ".." },
      { type: "hardlink", path: "z", target: "l/secret" },
    ],
  ],
  [
    "the same path twice",
    [
      { type: "file", path: "a" },
      { type: "file", path: "a" },
    ],
  ],
])("a forged tree is refused: %s", async (_, entries) => {
  const outer = fresh();
  await mkdir(outer);
  await writeFile(join(outer, "secret"), "s");
  await chmod(join(outer, "secret"), 0o600);
  await expect(restoreTree(forged(entries), join(outer, "in"), { ownership: false })).rejects.toHaveProperty("code");
  expect((await readdir(outer)).sort()).toEqual(["in", "secret"]);
  expect((await lstat(join(outer, "secret"))).nlink).toBe(1);
});

test("an existing link in the target is not followed", async () => {
  const [outer, target] = [fresh(), fresh()];
  await mkdir(outer);
  await mkdir(target);
  await symlink(outer, join(target, "d"));
  const reader = forged([{ type: "file", path: "d/victim" }]);
  await expect(restoreTree(reader, target)).rejects.toMatchObject({ code: "repository-corrupt" });
  expect(await readdir(outer)).toEqual([]);
});

test("a cancelled restore stops", async () => {
  const domain = await newDomain(memoryStore());
  const { id } = await backUp(domain, { f: Buffer.from("1") });
  const signal = AbortSignal.abort();
  const restored = restoreTree(await domain.openPoint(id), fresh(), { signal });
  await expect(restored).rejects.toMatchObject({ code: "cancelled" });
});
