import { execFile } from "node:child_process";
import { appendFileSync } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@muster/core";
import { createFileStore } from "@muster/object-store";
import { type Domain, initRepository, openRepository } from "@muster/repository";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryPoint } from "../../testing/memory-point.ts";
import { requestFor, testContext } from "../../testing/source-context.ts";
import { createFilesSource, filesConfigSchema } from "./index.ts";

const run = promisify(execFile);

/** A file system of one megabyte; undefined where this user may not mount one. */
async function smallDisk(path: string): Promise<AsyncDisposable | undefined> {
  await mkdir(path);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  } catch {
    return undefined;
  }
  return { [Symbol.asyncDispose]: () => run("umount", [path]).then(() => undefined) };
}

let home: string;
let repository: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-limits-"));
  repository = await mkdtemp(join(tmpdir(), "muster-limits-repository-"));
});
afterEach(async () => {
  for (const path of [home, repository]) await rm(path, { recursive: true, force: true });
});

const sourceAt = (root: string, more: Record<string, unknown> = {}) =>
  createFilesSource("config", filesConfigSchema.parse({ type: "files", root, ...more }), {});

describe("a files source at its limits", () => {
  it("names a disk that fills up during a restore, and leaves the old data in place", async ({ skip }) => {
    await using disk = await smallDisk(join(home, "disk"));
    if (disk === undefined) return skip("mounting a small disk needs root");
    await using context = await testContext();
    await mkdir(join(home, "origin"));
    await writeFile(join(home, "origin", "large"), Buffer.alloc(3_000_000, "x"));
    const point = memoryPoint();
    const backup = await sourceAt(join(home, "origin")).backup(context, point.writer);
    const root = join(home, "disk", "app");
    await mkdir(root);
    await writeFile(join(root, "old"), "old");
    const source = sourceAt(root);

    // The request says 1000 bytes, so that the check beforehand passes and the disk itself refuses.
    await expect(source.restore(context, point.reader, requestFor("files", backup))).rejects.toMatchObject({
      code: "disk-full",
      message: expect.stringContaining(root),
    });
    expect(await readFile(join(root, "old"), "utf8")).toBe("old");
    await source.rollBack(context, "rec_1");
    expect(await readdir(join(home, "disk"))).toEqual(["app"]);
  });

  it("switches the entries of a root that is a mount point, and puts them back", async ({ skip }) => {
    const root = join(home, "disk");
    await using disk = await smallDisk(root);
    if (disk === undefined) return skip("mounting a small disk needs root");
    await using context = await testContext();
    await mkdir(join(root, "conf.d"));
    await writeFile(join(root, "conf.d", "app"), "at the point");
    await writeFile(join(root, "live.log"), "live");
    const source = sourceAt(root, { exclude: ["*.log"] });
    const point = memoryPoint();
    const backup = await source.backup(context, point.writer);
    await writeFile(join(root, "conf.d", "app"), "later");
    await writeFile(join(root, "extra"), "extra");

    await source.restore(context, point.reader, requestFor("files", backup));
    expect(await readFile(join(root, "conf.d", "app"), "utf8")).toBe("at the point");
    expect((await readdir(root)).filter((name) => !name.startsWith("."))).toEqual(["conf.d", "live.log"]);
    await source.rollBack(context, "rec_1");

    expect(await readFile(join(root, "conf.d", "app"), "utf8")).toBe("later");
    expect((await readdir(root)).sort()).toEqual(["conf.d", "extra", "live.log"]);
  });

  it("refuses a root with another file system below it", async ({ skip }) => {
    await using disk = await smallDisk(join(home, "below"));
    if (disk === undefined) return skip("mounting a small disk needs root");
    await using context = await testContext();
    const source = sourceAt(home, { oneFileSystem: true });
    const backup = await source.backup(context, memoryPoint().writer);
    expect(backup.facts.otherFileSystems).toMatchObject({ count: 1 });
    expect(await source.checkRestore(context, requestFor("files", backup))).toContainEqual(
      expect.objectContaining({ severity: "error", code: "conflict" }),
    );
  });

  it.skipIf(process.getuid?.() !== 0)("fails closed on a file it may not read, and names it", async () => {
    await using context = await testContext();
    await chmod(home, 0o755);
    await writeFile(join(home, "open"), "open", { mode: 0o644 });
    await writeFile(join(home, "closed"), "closed", { mode: 0o600 });
    const nobody = 65_534;
    process.seteuid?.(nobody); // root reads everything
    try {
      await expect(sourceAt(home).backup(context, memoryPoint().writer)).rejects.toMatchObject({
        code: "source-failed",
        message: expect.stringContaining(join(home, "closed")),
      });
      const { facts } = await sourceAt(home, { unreadable: "skip" }).backup(context, memoryPoint().writer);
      expect(facts).toMatchObject({ files: 1, unreadable: { count: 1, paths: [join(home, "closed")] } });
    } finally {
      process.seteuid?.(0);
    }
  });

  it("records a large file that changed while it was read", async () => {
    await using context = await testContext();
    await writeFile(join(home, "large"), Buffer.alloc(4_000_000, "a"));
    let grown = false;
    const writer = await beginPoint(await newDomain(), ({ bytesRead }) => {
      if (bytesRead === 0 || grown) return;
      appendFileSync(join(home, "large"), "more"); // somebody writes while the file is stored
      grown = true;
    });
    const { facts } = await sourceAt(home).backup(context, writer);
    await writer.abort();
    expect(facts.changedDuringBackup).toEqual({ count: 1, paths: [join(home, "large")] });
    expect((await lstat(join(home, "large"))).size).toBe(4_000_004);
  });

  it("does not read again what did not change since the previous point", async () => {
    await using context = await testContext();
    const root = join(home, "tree");
    await mkdir(join(root, "a"), { recursive: true });
    for (const name of ["a/b", "a.c", "z", "\u00fc"]) await writeFile(join(root, name), name);
    await writeFile(Buffer.from(`${root}/\xff`, "latin1"), "bytes in the name");
    const domain = await newDomain();
    for (const [round, { unchangedFiles, files }] of [
      { unchangedFiles: 0, files: 5 },
      { unchangedFiles: 4, files: 6 },
    ].entries()) {
      if (round === 1) {
        await writeFile(join(root, "z"), "Z");
        await writeFile(join(root, "new"), "new");
      }
      let read = 0;
      const writer = await beginPoint(domain, ({ bytesRead }) => {
        read = bytesRead;
      });
      const { takenAt, facts } = await sourceAt(root).backup(context, writer);
      await writer.commit({ takenAt: takenAt + round });
      expect(facts).toMatchObject({ unchangedFiles, files });
      if (round === 1) expect(read).toBe("Z".length + "new".length);
    }
  });
});

async function newDomain(): Promise<Domain> {
  const store = await createFileStore(repository);
  await initRepository(store, { passphrase: "limits" });
  return (await openRepository(store, { passphrase: "limits" })).domain("app");
}

/** A point whose files count as settled, however young they are. */
function beginPoint(domain: Domain, onProgress: (progress: { bytesRead: number }) => void) {
  const startedAt = systemClock.now() + 5000;
  return domain.beginPoint({ source: "config", kind: "files", host: "app-1", startedAt }, { onProgress });
}
