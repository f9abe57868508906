import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { openStore } from "@muster/object-store";
import { collect, type S3Site, startS3Site } from "@muster/object-store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { fingerprint, writeRandomTree } from "./testing/tree.ts";

let site: S3Site;
let bucket: string;
beforeAll(async () => {
  site = await startS3Site();
  bucket = await site.makeBucket();
});
afterAll(() => site.stop());

const address = () => `s3://${bucket}/prod?region=us-east-1&endpoint=${encodeURIComponent(site.endpoint)}`;
let root: string;

/** The control plane may only add and read, like its agents; only its sweeper has a key that may delete. */
const fleet = useFleet(
  async (fleet) => {
    root = join(fleet.hostFolder("files-1"), "uploads");
    await writeRandomTree(root, { count: 6, size: 400_000 });
    await fleet.addAgent("files-1", {
      sources: { uploads: { type: "files", root } },
      repositories: { main: { credentialsFile: site.credentialsFile("agent") } },
    });
    await fleet.applyPlan({
      version: 1,
      name: "swept",
      timezone: "UTC",
      policies: { one: { schedule: "monthly 1 04:00", retention: { last: 1 } } },
      services: { uploads: { tier: 1, host: "files-1", sources: { uploads: { policy: "one" } } } },
    });
  },
  () => ({
    place: {
      url: address(),
      credentialsFile: site.credentialsFile("agent"),
      sweep: { grace: "1s", every: "1d", credentialsFile: site.credentialsFile("admin") },
    },
  }),
);

interface Point {
  readonly id: string;
  readonly takenAt: string;
}

const points = async (): Promise<string[]> =>
  (await fleet().controlPlane.get<{ items: Point[] }>("/api/v1/points?expired=true")).items.map(({ id }) => id);

/** Bytes of all packs in the bucket. */
async function packBytes(): Promise<number> {
  const store = await openStore(site.address(`${bucket}/prod`, "agent"));
  return (await collect(store.list("uploads/packs/"))).reduce((sum, { size }) => sum + size, 0);
}

async function sweepUntil(what: string, done: () => Promise<boolean>): Promise<void> {
  const probe = async () => {
    expectCode(await fleet().muster("repository", "sweep", "main", "--yes"));
    return done();
  };
  await waitFor(what, probe, { timeout: 90_000, interval: 500 });
}

describe("a fleet whose points expire", () => {
  let [first, second] = ["", ""];
  let before: Record<string, string>;

  it("deletes nothing that is held, and says in a dry run what would go", async () => {
    expectCode(await fleet().muster("backup", "--all", "--wait"));
    [first = ""] = await points();
    for (const number of [0, 1, 2, 3, 4]) await rm(join(root, `folder-${number}`), { recursive: true });
    await writeFile(join(root, "folder-5", "new.bin"), randomBytes(300_000));
    before = await fingerprint(root);
    expectCode(await fleet().muster("backup", "--all", "--wait"));
    second = (await points()).find((id) => id !== first) ?? "";

    expectCode(await fleet().muster("points", "hold", first, "--kind", "legal", "--reason", "case 7"));
    expectCode(await fleet().muster("retention", "run", "--yes"));
    for (let n = 0; n < 2; n++) expectCode(await fleet().muster("repository", "sweep", "main", "--yes"));
    expect((await points()).sort()).toEqual([first, second].sort());

    expectCode(await fleet().muster("points", "release", first));
    expectCode(await fleet().muster("retention", "run", "--yes"));
    const preview = await fleet().muster("repository", "sweep", "main", "--dry-run");
    expectCode(preview);
    expect(preview.stdout).toContain(first);
    expect(preview.stdout).toContain("would go");
    expect((await points()).sort()).toEqual([first, second].sort());
  });

  it("deletes what has expired: point, then bytes; the other point comes back byte for byte", async () => {
    const stored = await packBytes(); // 2.7 MB, of which 0.7 are needed; of the packs some are mostly needed, and stay
    await sweepUntil("the point to go", async () => !(await points()).includes(first));
    await sweepUntil("its bytes to go", async () => (await packBytes()) < stored - 1_000_000);
    expect(await points()).toEqual([second]);
    expectCode(await fleet().muster("verify", "--level", "read"));
    await rm(join(root, "folder-5"), { recursive: true });
    expectCode(await fleet().muster("recover", "--service", "uploads", "--yes", "--watch"));
    expect(await fingerprint(root)).toEqual(before);
  });

  it("has it all in the audit trail, and backs up as before", async () => {
    const trail = await fleet().controlPlane.get<{ items: { action: string }[] }>("/api/v1/audit?limit=200");
    const actions = trail.items.map(({ action }) => action);
    for (const action of ["point.hold", "point.release", "point.expire", "point.delete", "repository.sweep"]) {
      expect(actions).toContain(action);
    }
    expectCode(await fleet().muster("backup", "--all", "--wait"));
    expectCode(await fleet().muster("verify", "--level", "read"));
  });
});
