import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryPoint } from "../testing/memory-point.ts";
import { writeEntries } from "./write-entries.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-glass-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const meta = { mode: 0o640, uid: 0, gid: 0, mtimeNs: 1_700_000_000_000_000_000n };
const signal = new AbortController().signal;

async function* content(text: string) {
  yield Buffer.from(text);
}

it("writes files with their contents, modes and times, directories and links", async () => {
  const { writer, reader } = memoryPoint();
  await writer.addDirectory("etc", { ...meta, mode: 0o750 });
  await writer.addFile("etc/app.conf", meta, content("port=80\n"));
  await writer.addSymlink("etc/current", "app.conf", meta);
  expect(await writeEntries(reader, join(folder, "out"), signal)).toEqual({ entries: 3, bytes: 8 });
  expect(readFileSync(join(folder, "out/etc/app.conf"), "utf8")).toBe("port=80\n");
  expect(statSync(join(folder, "out/etc/app.conf")).mode & 0o777).toBe(0o640);
  expect(statSync(join(folder, "out/etc/app.conf")).mtimeMs).toBe(1_700_000_000_000);
  expect(statSync(join(folder, "out/etc")).mode & 0o777).toBe(0o750);
  expect(readlinkSync(join(folder, "out/etc/current"))).toBe("app.conf");
});

it.each(["../outside", "/absolute", "a/../../b", "a//b"])("refuses the path %s", async (path) => {
  const { writer, reader } = memoryPoint();
  await writer.addFile(path, meta, content("x"));
  await expect(writeEntries(reader, folder, signal)).rejects.toMatchObject({ code: "repository-corrupt" });
});

it("refuses to write through a link that leads out", async () => {
  const { writer, reader } = memoryPoint();
  await writer.addSymlink("a", tmpdir(), meta);
  await writer.addFile("a/file", meta, content("x"));
  await expect(writeEntries(reader, folder, signal)).rejects.toMatchObject({ code: "repository-corrupt" });
});

it("refuses a directory that holds something", async () => {
  writeFileSync(join(folder, "precious"), "");
  await expect(writeEntries(memoryPoint().reader, folder, signal)).rejects.toMatchObject({ code: "conflict" });
});
