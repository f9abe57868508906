import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Host } from "./testing/agent.ts";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { writeRandomTree } from "./testing/tree.ts";
import type { PointView } from "./testing/views.ts";

/** Some packs, and slow enough that "in the middle" lasts. */
const files = { count: 20, size: 4_000_000 };
const copying = { limit: "10MB" };

let disks: string;
beforeAll(async () => {
  disks = await mkdtemp(join(tmpdir(), "muster-disks-"));
});
afterAll(() => rm(disks, { recursive: true }));

let host: Host;
const fleet = useFleet(
  async (fleet) => {
    const root = join(fleet.hostFolder("files-1"), "uploads");
    await writeRandomTree(root, files);
    host = await fleet.addAgent("files-1", { sources: { uploads: { type: "files", root } } });
    await fleet.applyPlan({
      version: 1,
      name: "killed-copy",
      timezone: "UTC",
      policies: { often: { schedule: "every 12h", copies: ["main", "second"], copying } },
      services: { uploads: { tier: 1, host: "files-1", sources: { uploads: { policy: "often" } } } },
    });
  },
  () => ({ copies: { second: { url: `file://${join(disks, "second")}`, copyOf: "main" } } }),
);

interface CopyRun {
  readonly state: string;
  readonly error?: { readonly code: string };
}

const copies = async () => (await fleet().controlPlane.get<{ items: PointView[] }>("/api/v1/points")).items[0]?.copies;
const runs = async () => (await fleet().controlPlane.get<{ items: CopyRun[] }>("/api/v1/copies")).items;
const patience = { timeout: 90_000, interval: 20 };

/** Names of the packs and of the points that a repository has, with the file number of each. */
function objects(repository: string): { packs: Map<string, number>; points: string[] } {
  const names = existsSync(repository) ? readdirSync(repository, { recursive: true, encoding: "utf8" }) : [];
  const packs = names.filter((name) => /packs\/..\/[0-9a-f]{32}$/.test(name));
  return {
    packs: new Map(packs.map((name) => [name, statSync(join(repository, name)).ino])),
    points: names.filter((name) => /points\/[^/]+\/[^/.]+/.test(name)),
  };
}

it("a copy whose agent is killed in the middle lists nothing half, goes on where it was, and completes", async () => {
  const second = join(disks, "second");
  expectCode(await fleet().muster("backup", "--all", "--wait"));
  const all = objects(fleet().repository);
  expect(all.packs.size).toBeGreaterThan(2);
  await waitFor("a part to be copied", () => objects(second).packs.size > 0, patience);
  await host.kill("SIGKILL");
  const before = objects(second);
  expect(before.packs.size).toBeLessThan(all.packs.size);
  expect(before.points).toEqual([]);
  expect(await copies()).toEqual([]);

  host.start();
  await waitFor("the copy to be complete", async () => ((await copies()) ?? []).length > 0, patience);
  await waitFor("the end of the run", async () => (await runs())[0]?.state === "succeeded", patience);
  expect((await runs()).map(({ state, error }) => error?.code ?? state)).toEqual(["succeeded", "command-interrupted"]);
  const after = objects(second);
  expect([...after.packs.keys()].sort()).toEqual([...all.packs.keys()].sort());
  expect(after.points).toHaveLength(all.points.length);
  for (const [name, inode] of before.packs) expect(after.packs.get(name)).toBe(inode); // not copied a second time
  expectCode(await fleet().muster("verify", "--repository", "second", "--level", "read"));
  const status = await fleet().muster("status");
  expect(status.stdout).toContain("COPY");
  expect(status.stdout).not.toContain("last copy of");
});
