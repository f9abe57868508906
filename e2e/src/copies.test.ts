import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { type S3Site, startS3Site } from "@muster/object-store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { fingerprint, writeRandomTree } from "./testing/tree.ts";
import type { PointView } from "./testing/views.ts";

let site: S3Site;
let bucket: string;
beforeAll(async () => {
  site = await startS3Site();
  bucket = await site.makeBucket();
});
afterAll(() => site.stop());

let root: string;

const fleet = useFleet(
  async (fleet) => {
    root = join(fleet.hostFolder("files-1"), "uploads");
    await writeRandomTree(root, { count: 12, size: 3_000_000 });
    await fleet.addAgent("files-1", {
      sources: { uploads: { type: "files", root } },
      repositories: { second: { credentialsFile: site.credentialsFile("agent") } },
    });
    await fleet.applyPlan({
      version: 1,
      name: "two-copies",
      timezone: "UTC",
      policies: { often: { schedule: "every 12h", copies: ["main", "second"], copying: { limit: "1GB" } } },
      services: { uploads: { tier: 1, host: "files-1", sources: { uploads: { policy: "often" } } } },
    });
  },
  () => ({
    copies: {
      second: {
        url: `s3://${bucket}/copy?region=us-east-1&endpoint=${encodeURIComponent(site.endpoint)}`,
        credentialsFile: site.credentialsFile("admin"),
        copyOf: "main",
      },
    },
  }),
);

const points = async () => (await fleet().controlPlane.get<{ items: PointView[] }>("/api/v1/points")).items;
const isPack = /packs\/..\/[0-9a-f]{32}$/;
const lost = () => `${fleet().repository}.lost`;

describe("a fleet with a repository on a disk and a copy of it in S3", () => {
  let before: Record<string, string>;

  it("copies each point after its backup, and shows where it is", async () => {
    before = await fingerprint(root);
    expectCode(await fleet().muster("backup", "--all", "--wait"));
    const copied = async () => (await points()).every(({ copies }) => copies.some((at) => at.repository === "second"));
    await waitFor("the points to be copied", copied, { timeout: 60_000, interval: 200 });
    expect((await fleet().muster("points")).stdout).toContain("main, second");
    const verified = await fleet().muster("verify", "--repository", "second", "--level", "read");
    expectCode(verified);
    expect(verified.stdout).toContain("whole");
    const [point] = await points();
    expect(point?.copies[0]).toMatchObject({ repository: "second", verifyLevel: "read", damaged: false });
    expect(point?.verifiedAt).toBeUndefined(); // that was the copy
  });

  it("heals the first repository from the copy, and overwrites nothing", async () => {
    const [name = ""] = (await readdir(fleet().repository, { recursive: true })).filter((file) => isPack.test(file));
    const pack = join(fleet().repository, name);
    const bytes = await readFile(pack);
    bytes.writeUInt8((bytes[5000] ?? 0) ^ 1, 5000);
    await writeFile(pack, bytes);
    expectCode(await fleet().muster("verify", "--repository", "main", "--level", "read"), 3);
    const healed = await fleet().muster("heal", "--repository", "main");
    expectCode(healed);
    expect(healed.stdout).toContain(`${name}: from second`);
    expect((await readFile(pack)).equals(bytes)).toBe(true);
    expectCode(await fleet().muster("verify", "--repository", "main", "--level", "read"));
    expect(await points()).toMatchObject([{ damaged: false, verifyLevel: "read" }]);
  });

  it("restores from the copy when the first repository is gone, and says so in the step", async () => {
    await rename(fleet().repository, lost());
    await rm(join(root, "folder-1"), { recursive: true });
    const recovered = await fleet().muster("recover", "--service", "uploads", "--yes", "--watch", "--json");
    expectCode(recovered);
    expect(await fingerprint(root)).toEqual(before);
    expect(JSON.stringify(await fleet().controlPlane.get("/api/v1/recoveries"))).toContain("main");
    const { items } = await fleet().controlPlane.get<{ items: { id: string }[] }>("/api/v1/recoveries");
    const recovery = await fleet().controlPlane.get(`/api/v1/recoveries/${items[0]?.id}`);
    expect(JSON.stringify(recovery)).toContain("read from another copy, because the repository main failed");
  });

  it("does so too when the control plane has started without the first repository", async () => {
    await fleet().controlPlane.kill("SIGTERM");
    await fleet().controlPlane.start();
    await fleet().awaitOnline("files-1");
    expect(existsSync(fleet().repository)).toBe(false);
    await rm(join(root, "folder-2"), { recursive: true });
    expectCode(await fleet().muster("recover", "--service", "uploads", "--yes", "--watch"));
    expect(await fingerprint(root)).toEqual(before);
  });
});
