import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@muster/object-store";
import { initRepository } from "@muster/repository";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type BreakGlassOptions, breakGlass } from "./break-glass.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-glass-"));
const place = join(folder, "repository");
const keyFile = join(folder, "main.key");
const meta = { mode: 0o640, uid: 0, gid: 0, mtimeNs: 1_700_000_000_000_000_000n };
const signal = new AbortController().signal;
let point: string;
let lines: string[];

async function* content(text: string) {
  yield Buffer.from(text);
}

/** As the files source writes it: two names of one file, and a note that they are one. */
beforeAll(async () => {
  mkdirSync(place);
  writeFileSync(keyFile, "a passphrase\n");
  const repository = await initRepository(await openStore(place), { passphrase: "a passphrase" });
  const spec = { source: "site", kind: "files", host: "app-1", startedAt: 1_700_000_000_000 } as const;
  const writer = await repository.domain("web").beginPoint(spec);
  await writer.addFile("hard-links.jsonl", meta, content('["roots/0/etc/a","roots/0/etc/b"]\n'));
  await writer.addDirectory("roots", { ...meta, mode: 0o700 });
  await writer.addDirectory("roots/0", { ...meta, mode: 0o750 });
  await writer.addDirectory("roots/0/etc", { ...meta, mode: 0o750 });
  for (const name of ["a", "b"]) await writer.addFile(`roots/0/etc/${name}`, meta, content("port=80\n"));
  await writer.addFile("roots/0/index.html", meta, content("<h1>hello</h1>\n".repeat(1000)));
  point = (await writer.commit({ takenAt: spec.startedAt })).id;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  lines = [];
});

function glass(options: Partial<BreakGlassOptions>): Promise<void> {
  return breakGlass({ repository: place, key: keyFile, point: "latest", ...options }, signal, (line) =>
    lines.push(line),
  );
}

it("lists the services when none is named, and the points of one", async () => {
  await glass({});
  expect(lines).toEqual(["web  1 points of site, the newest of 2023-11-14T22:13:20.000Z"]);
  await glass({ service: "web", list: true });
  expect(lines[1]).toContain(point);
});

it("writes a whole point, with hard links as they were and the times of directories", async () => {
  const into = join(folder, "whole");
  await glass({ service: "web", into });
  const etc = join(into, "roots/0/etc");
  expect(readFileSync(join(etc, "b"), "utf8")).toBe("port=80\n");
  expect(statSync(join(etc, "a")).ino).toBe(statSync(join(etc, "b")).ino);
  expect(statSync(etc).mtimeMs).toBe(1_700_000_000_000);
});

it("writes a single file", async () => {
  const into = join(folder, "single");
  await glass({ service: "web", into, path: "roots/0/index.html" });
  expect(readFileSync(join(into, "roots/0/index.html"), "utf8")).toBe("<h1>hello</h1>\n".repeat(1000));
  expect(readdirSync(join(into, "roots/0"))).toEqual(["index.html"]);
  await expect(glass({ service: "web", into: join(folder, "none"), path: "roots/0/nothing" })).rejects.toMatchObject({
    code: "not-found",
  });
});

it("refuses a wrong key, and a service that has no point", async () => {
  const wrong = join(folder, "wrong.key");
  writeFileSync(wrong, "another\n");
  await expect(glass({ key: wrong })).rejects.toMatchObject({ code: "repository-key-wrong" });
  await expect(glass({ service: "nothing", into: join(folder, "x") })).rejects.toMatchObject({ code: "point-missing" });
});

it("verifies that everything can be read, and names the point that a damaged pack hits", async () => {
  await glass({ service: "web", verify: true });
  expect(lines.at(-1)).toMatch(/^1 points, .* read: whole$/);
  const pack =
    readdirSync(place, { recursive: true, encoding: "utf8" }).find((name) => /\/packs\/..\/./.test(name)) ?? "";
  truncateSync(join(place, pack), statSync(join(place, pack)).size - 100);
  await expect(glass({ service: "web", verify: true })).rejects.toMatchObject({ code: "repository-corrupt" });
  expect(lines.join("\n")).toContain(point);
});
