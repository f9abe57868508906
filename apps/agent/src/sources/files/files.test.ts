import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryPoint } from "../../testing/memory-point.ts";
import { requestFor, testContext } from "../../testing/source-context.ts";
import { createFilesSource, filesConfigSchema } from "./index.ts";
import { joinBytes } from "./names.ts";

let home: string;
let root: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-files-"));
  root = join(home, "etc app");
});
afterEach(() => rm(home, { recursive: true, force: true }));

function sourceOf(more: Record<string, unknown> = {}) {
  return createFilesSource("config", filesConfigSchema.parse({ type: "files", root, ...more }), {});
}

const odd = Buffer.concat([Buffer.from("not-utf8-"), Buffer.from([0xff, 0xfe, 0x80])]);

/** A tree with all that a restore must bring back. */
async function fill(): Promise<void> {
  await mkdir(join(root, "conf.d", "empty"), { recursive: true });
  await writeFile(join(root, "app.yaml"), "name: app\n");
  await writeFile(join(root, "two\nlines ä"), "newline in the name");
  await writeFile(joinBytes(Buffer.from(root), odd), "bytes in the name");
  await writeFile(join(root, ".muster-bytes-00"), "looks like an encoded name");
  await writeFile(join(root, "conf.d", "large"), Buffer.alloc(3_000_000, "large "));
  await writeFile(join(root, "nothing"), "");
  await symlink("../elsewhere", join(root, "conf.d", "link"));
  await link(join(root, "app.yaml"), join(root, "conf.d", "same.yaml"));
  await chmod(join(root, "app.yaml"), 0o640);
  if (process.getuid?.() === 0) await chown(join(root, "app.yaml"), 1234, 2345);
  await chmod(join(root, "nothing"), 0o4711);
  await chmod(join(root, "conf.d", "empty"), 0o2750);
  await utimes(join(root, "nothing"), 1_000_000_000.5, 1_000_000_000.5);
  await utimes(join(root, "conf.d"), 1_100_000_000, 1_100_000_000);
}

/** Name (as hex), kind, mode, owner, time, number of names, and SHA-256 of every path below a directory. */
async function fingerprint(directory: Buffer = Buffer.from(root), prefix = ""): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(directory, { encoding: "buffer" })).sort(Buffer.compare)) {
    const path = joinBytes(directory, name);
    const stats = await lstat(path);
    const content = stats.isFile()
      ? createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
      : stats.isSymbolicLink()
        ? await readlink(path)
        : "";
    const where = `${prefix}/${name.toString("hex")}`;
    const nlink = stats.isFile() ? stats.nlink : 0;
    lines.push(
      [where, stats.mode.toString(8), stats.uid, stats.gid, Math.round(stats.mtimeMs), nlink, content].join(" "),
    );
    if (stats.isDirectory()) lines.push(...(await fingerprint(path, where)));
  }
  return lines;
}

describe("a files source", () => {
  it("brings a lost tree back with contents, modes, owners, times and links", async () => {
    await using context = await testContext();
    await fill();
    const before = await fingerprint();
    const point = memoryPoint();
    const backup = await sourceOf().backup(context, point.writer);
    await rm(root, { recursive: true });

    const outcome = await sourceOf().restore(context, point.reader, requestFor("files", backup));

    expect(await fingerprint()).toEqual(before);
    expect(outcome).toMatchObject({ movedAside: false });
    expect(await readdir(home)).toEqual(["etc app"]);
  });

  it.runIf(process.getuid?.() === 0)("gives groups back below a directory that would give its own", async () => {
    await using context = await testContext();
    await fill();
    const before = await fingerprint();
    const point = memoryPoint();
    const backup = await sourceOf().backup(context, point.writer);
    await rm(root, { recursive: true });
    await chown(home, 0, 2345);
    await chmod(home, 0o2755);
    await sourceOf().restore(context, point.reader, requestFor("files", backup));
    expect(await fingerprint()).toEqual(before);
  });

  it("keeps what was there aside, and rolls back to exactly that", async () => {
    await using context = await testContext();
    await fill();
    const atPoint = await fingerprint();
    const point = memoryPoint();
    const backup = await sourceOf().backup(context, point.writer);
    await writeFile(join(root, "app.yaml"), "broken");
    await rm(join(root, "conf.d"), { recursive: true });
    const later = await fingerprint();

    expect(await sourceOf().restore(context, point.reader, requestFor("files", backup))).toMatchObject({
      movedAside: true,
    });
    expect(await fingerprint()).toEqual(atPoint);
    await sourceOf().rollBack(context, "rec_1");

    expect(await fingerprint()).toEqual(later);
    expect(await readdir(home)).toEqual(["etc app"]);
    expect(await sourceOf().rollBack(context, "rec_1")).toEqual([]);
  });

  it("removes what lies aside when the restore is accepted, after which there is no way back", async () => {
    await using context = await testContext();
    await fill();
    const point = memoryPoint();
    const backup = await sourceOf().backup(context, point.writer);
    await sourceOf().restore(context, point.reader, requestFor("files", backup));
    expect(await readdir(home)).toHaveLength(2);
    await sourceOf().accept(context, "rec_1");
    expect(await readdir(home)).toEqual(["etc app"]);
    await expect(sourceOf().rollBack(context, "rec_1")).rejects.toMatchObject({ code: "aside-missing" });
    await expect(sourceOf().rollBack(context, "never")).rejects.toMatchObject({ code: "aside-missing" });
  });

  it("keeps excluded data alive through a restore and its roll back", async () => {
    await using context = await testContext();
    await fill();
    await mkdir(join(root, "conf.d", "cache", "deep"), { recursive: true });
    await writeFile(join(root, "conf.d", "cache", "deep", "data"), "live");
    await writeFile(join(root, "debug.log"), "first");
    const source = sourceOf({ exclude: ["conf.d/cache", "*.log"] });
    const point = memoryPoint();
    const backup = await source.backup(context, point.writer);
    expect(point.paths().some((path) => path.includes("cache") || path.includes("debug"))).toBe(false);

    await source.restore(context, point.reader, requestFor("files", backup));
    expect(await readFile(join(root, "conf.d", "cache", "deep", "data"), "utf8")).toBe("live");
    await writeFile(join(root, "debug.log"), "written after the restore");
    await source.rollBack(context, "rec_1");

    expect(await readFile(join(root, "debug.log"), "utf8")).toBe("written after the restore");
    expect(await readFile(join(root, "conf.d", "cache", "deep", "data"), "utf8")).toBe("live");
  });

  it("stores only what is included", async () => {
    await using context = await testContext();
    await fill();
    const point = memoryPoint();
    await sourceOf({ include: ["*.yaml"] }).backup(context, point.writer);
    const files = point.paths().filter((path) => path.startsWith("roots/0/") && path.endsWith("l"));
    expect(files).toEqual(["roots/0/app.yaml", "roots/0/conf.d/same.yaml"]);
    expect(point.paths()).not.toContain("roots/0/nothing");
  });

  it("restores several roots, one of them a single file", async () => {
    await using context = await testContext();
    await fill();
    const file = join(home, "single.pem");
    await writeFile(file, "certificate", { mode: 0o600 });
    const source = sourceOf({ root: undefined, roots: [root, file] });
    const before = await fingerprint();
    const point = memoryPoint();
    const backup = await source.backup(context, point.writer);
    await rm(root, { recursive: true });
    await writeFile(file, "broken");
    await source.restore(context, point.reader, requestFor("files", backup));
    expect(await fingerprint()).toEqual(before);
    expect(await readFile(file, "utf8")).toBe("certificate");
  });

  it("leaves sockets out, with a note, and keeps them through a restore", async () => {
    await using context = await testContext();
    await fill();
    const server = createServer().listen(join(root, "app.sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    const point = memoryPoint();
    const backup = await sourceOf().backup(context, point.writer);
    await sourceOf().restore(context, point.reader, requestFor("files", backup));
    expect(backup.facts.special).toEqual({ count: 1, paths: [join(root, "app.sock")] });
    expect((await lstat(join(root, "app.sock"))).isSocket()).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  it("says that a root is missing instead of storing nothing", async () => {
    await using context = await testContext();
    await expect(sourceOf().backup(context, memoryPoint().writer)).rejects.toMatchObject({
      code: "source-unavailable",
      message: expect.stringContaining(root),
    });
  });

  it("refuses when the disk has no room, before it touches anything", async () => {
    await using context = await testContext();
    await fill();
    const before = await fingerprint();
    const point = memoryPoint();
    const request = requestFor("files", await sourceOf().backup(context, point.writer));
    const huge = { ...request, point: { ...request.point, logicalBytes: 1e18 } };
    await expect(sourceOf().restore(context, point.reader, huge)).rejects.toMatchObject({ code: "space-insufficient" });
    expect(await fingerprint()).toEqual(before);
  });
});
