import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { writeRandomTree } from "./testing/tree.ts";
import type { PointView } from "./testing/views.ts";

let disks: string;
beforeAll(async () => {
  disks = await mkdtemp(join(tmpdir(), "muster-disks-"));
});
afterAll(() => rm(disks, { recursive: true }));

const at = (name: string): string => join(disks, name);

const fleet = useFleet(
  async (fleet) => {
    const root = join(fleet.hostFolder("files-1"), "uploads");
    await writeRandomTree(root, { count: 4, size: 500_000 });
    await fleet.addAgent("files-1", { sources: { uploads: { type: "files", root } } });
    await fleet.applyPlan({
      version: 1,
      name: "verified",
      timezone: "UTC",
      policies: { often: { schedule: "every 12h", copies: ["main", "second"] } },
      services: { uploads: { tier: 1, host: "files-1", sources: { uploads: { policy: "often" } } } },
    });
  },
  () => ({
    place: { url: `file://${at("main")}`, verifyEvery: "2s" },
    copies: { second: { url: `file://${at("second")}`, verifyEvery: "2s", copyOf: "main" } },
  }),
);

interface ServiceView {
  readonly exposureState: string;
  readonly copySeconds?: number;
}

const points = async () => (await fleet().controlPlane.get<{ items: PointView[] }>("/api/v1/points")).items;
const service = async () => (await fleet().controlPlane.get<{ services: ServiceView[] }>("/api/v1/status")).services[0];
const patience = { timeout: 60_000, interval: 200 };

/** The first pack of a repository. */
async function packOf(repository: string): Promise<string> {
  const names = await readdir(at(repository), { recursive: true });
  return join(at(repository), names.find((name) => /packs\/..\/[0-9a-f]{32}$/.test(name)) ?? "");
}

/** Flips a bit in the middle of a pack; what it was before. */
async function damage(pack: string): Promise<Buffer> {
  const whole = await readFile(pack);
  const bytes = Buffer.from(whole);
  bytes.writeUInt8((bytes[5000] ?? 0) ^ 1, 5000);
  await writeFile(pack, bytes);
  return whole;
}

it("a running control plane proves every point by itself, in each repository", async () => {
  expectCode(await fleet().muster("backup", "--all", "--wait"));
  const proven = async () => {
    const [point] = await points();
    return point?.verifyLevel === "read" && point.copies.some(({ verifyLevel }) => verifyLevel === "read");
  };
  await waitFor("the point and its copy to be proven", proven, patience);
  expect((await fleet().muster("points")).stdout).toMatch(/read \S.* ago/);
  expect((await service())?.copySeconds).toBeGreaterThan(0);
});

it("finds damage by itself, says so in the catalog and the status, and heals as soon as a copy is whole", async () => {
  await fleet().controlPlane.kill("SIGTERM"); // so that nothing is healed before both are damaged
  const copy = await packOf("second");
  const whole = await damage(copy);
  await damage(await packOf("main"));
  await fleet().controlPlane.start();

  const found = async () => (await points()).some(({ damaged, copies }) => damaged && copies.every((at) => at.damaged));
  await waitFor("the damage to be found", found, patience);
  expect(await service()).toMatchObject({ exposureState: "unprotected" });
  expect(await service()).not.toHaveProperty("copySeconds");
  expect((await fleet().muster("points")).stdout).toContain("main (damaged), second (damaged)");

  await writeFile(copy, whole);
  const healed = async () =>
    (await points()).every(({ damaged, copies }) => !damaged && copies.every((at) => !at.damaged));
  await waitFor("the repository to be healed", healed, patience);
  expect(await service()).toMatchObject({ exposureState: "ok" });
  expectCode(await fleet().muster("verify", "--repository", "main", "--level", "read"));
  expect((await fleet().muster("audit", "--limit", "200")).stdout).toContain("repository.heal");
});
