import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, openStore } from "@muster/object-store";
import { initRepository, openRepository } from "@muster/repository";
import { afterAll, expect, it } from "vitest";
import { carryPoints, verifyAll } from "./carry.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-carry-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const key = at("key");
writeFileSync(key, "carried by hand\n");
const signal = new AbortController().signal;

async function* content(text: string) {
  yield Buffer.from(text.repeat(50_000));
}

const meta = { mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n };
const repository = await initRepository(await createStore(at("main")), { passphrase: "carried by hand" });
for (const [service, id] of [
  ["db", "p1"],
  ["db", "p2"],
  ["web", "w1"],
] as const) {
  const spec = { source: "s", kind: "files", host: "h", startedAt: 1, pointId: id } as const;
  const writer = await repository.domain(service).beginPoint(spec);
  await writer.addFile("f", meta, content(id));
  await writer.commit({ takenAt: 1 });
}

const ids = async (place: string, service: string) => {
  const opened = await openRepository(await openStore(at(place)), { passphrase: "carried by hand" });
  return (await opened.domain(service).listPoints()).map((point) => point.id).sort();
};

it("carries chosen points out, checks them there, and brings them into an empty place", async () => {
  const lines: string[] = [];
  await carryPoints(
    { from: at("main"), to: at("stick"), key, point: ["p1", "w1"] },
    signal,
    (line) => void lines.push(line),
  );
  expect(lines.join("\n")).toContain("db: 1 points copied");
  expect([await ids("stick", "db"), await ids("stick", "web")]).toEqual([["p1"], ["w1"]]);
  const checked: string[] = [];
  await verifyAll({ repository: at("stick"), key }, signal, (line) => void checked.push(line));
  expect(checked).toEqual([
    expect.stringMatching(/^db: 1 points.*whole$/),
    expect.stringMatching(/^web: 1 points.*whole$/),
  ]);
  await carryPoints({ from: at("stick"), to: at("new-site"), key, service: "db" }, signal, () => undefined);
  expect(await ids("new-site", "db")).toEqual(["p1"]);
});

it("names a point and a service that are not there", async () => {
  const way = { from: at("main"), to: at("other"), key };
  await expect(carryPoints({ ...way, point: ["nothing"] }, signal, () => undefined)).rejects.toMatchObject({
    code: "point-missing",
  });
  await expect(carryPoints({ ...way, service: "nothing" }, signal, () => undefined)).rejects.toMatchObject({
    code: "usage",
  });
});

it("says what is damaged on an offline copy", async () => {
  await carryPoints({ from: at("main"), to: at("worn"), key }, signal, () => undefined);
  for (const name of readdirSync(at("worn"), { recursive: true, encoding: "utf8" })) {
    if (!/web\/packs\/..\/[0-9a-f]{32}$/.test(name)) continue;
    const bytes = readFileSync(join(at("worn"), name));
    bytes.writeUInt8((bytes[60] ?? 0) ^ 1, 60);
    rmSync(join(at("worn"), name));
    writeFileSync(join(at("worn"), name), bytes);
  }
  const lines: string[] = [];
  const checked = verifyAll({ repository: at("worn"), key }, signal, (line) => void lines.push(line));
  await expect(checked).rejects.toMatchObject({ code: "repository-corrupt" });
  expect(lines.some((line) => line.startsWith("damaged: web/packs/") && line.endsWith("point w1"))).toBe(true);
});
