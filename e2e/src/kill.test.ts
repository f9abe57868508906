import { readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { systemClock } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { describe, expect, it } from "vitest";
import type { Host } from "./testing/agent.ts";
import { useFleet } from "./testing/fleet.ts";
import { bytesBelow, fingerprint, writeRandomTree } from "./testing/tree.ts";
import { type BackupView, backupEnded, type RecoveryView, recoveryWhen, stepOf } from "./testing/views.ts";

/** Big enough that "in the middle" lasts; killed when a part of it has been moved. */
const files = { count: 40, size: 4_000_000 };
const part = 24_000_000;

let host: Host;
let data: Record<string, string>;
/** What was left when the restore began. */
let lost: Record<string, string>;

const fleet = useFleet(async (fleet) => {
  const root = `${fleet.hostFolder("files-1")}/uploads`;
  await writeRandomTree(root, files);
  data = await fingerprint(root);
  host = await fleet.addAgent("files-1", { sources: { uploads: { type: "files", root } } });
  await fleet.applyPlan({
    version: 1,
    name: "killed",
    timezone: "UTC",
    services: { uploads: { tier: 1, host: "files-1", sources: { uploads: {} } } },
  });
});

const root = (): string => `${host.folder}/uploads`;

/** Bytes that a restore has staged beside the data, in a staging folder made after that time (milliseconds). */
async function staged(since = 0): Promise<number> {
  const [name] = readdirSync(host.folder).filter((name) => name.startsWith("uploads.muster-new-"));
  const staging = `${host.folder}/${name}`;
  const made = name === undefined ? 0 : (statSync(staging, { throwIfNoEntry: false })?.birthtimeMs ?? 0);
  return made > since ? bytesBelow(staging) : 0;
}

const untilStaged = (since = 0) =>
  waitFor("a part to be staged", async () => (await staged(since)) > part, { timeout: 60_000, interval: 5 });

/** Backs up, then loses a part of the data, then begins to restore. */
async function beginRecovery(): Promise<string> {
  expect((await fleet().muster("backup", "--all", "--wait")).code).toBe(0);
  await rm(`${root()}/folder-3`, { recursive: true });
  lost = await fingerprint(root());
  const { code, stdout, stderr } = await fleet().muster("recover", "--yes", "--allow-new-target");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  await untilStaged();
  return stdout.trim();
}

const ended = ({ state }: RecoveryView): boolean => ["succeeded", "failed"].includes(state);

describe("a backup whose agent is killed in the middle", () => {
  it("ends in a named state and leaves no point; the next one succeeds", async () => {
    const { controlPlane, muster, repository } = fleet();
    const { backups } = await controlPlane.post<{ backups: BackupView[] }>("/api/v1/backups", { all: true });
    const id = backups[0]?.id ?? "";
    await waitFor("packs in the repository", async () => (await bytesBelow(repository)) > part, { interval: 5 });
    await host.kill("SIGKILL");
    expect(await bytesBelow(repository)).toBeLessThan(files.count * files.size);
    host.start();

    const killed = await backupEnded(controlPlane, id);
    expect(killed.state).toBe("failed");
    expect(killed.error?.message).not.toBe("");
    expect((await muster("points", "--json")).stdout.trim()).toBe("[]");
    expect((await muster("backups")).stdout).toContain("failed");

    const again = await muster("backup", "--all", "--wait");
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse((await muster("points", "--json")).stdout)).toHaveLength(1);
    const verified = await muster("verify");
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("main: 1 point, whole") });
  });
});

describe("a restore whose agent is killed in the middle", () => {
  it("goes on by itself; killed each time it names its state, and a retry brings every byte back", async () => {
    const { controlPlane, muster } = fleet();
    const id = await beginRecovery();
    let killedAt = 0;
    for (const attempt of [1, 2, 3]) {
      await untilStaged(killedAt);
      await host.kill("SIGKILL");
      killedAt = systemClock.now();
      expect(await fingerprint(root())).toEqual(lost); // nothing of the original is touched before all is staged
      const { steps } = await controlPlane.get<RecoveryView>(`/api/v1/recoveries/${id}`);
      expect(steps.map((step) => step.attempt)).toEqual([attempt]);
      host.start();
    }
    const failed = await recoveryWhen(controlPlane, id, "its end", ended);
    expect(failed.state).toBe("failed");
    expect(stepOf(failed, "restore").error).toMatchObject({ code: "command-interrupted" });
    expect(await fingerprint(root())).toEqual(lost);

    const retried = await muster("recoveries", "retry", id, "--watch");
    expect({ code: retried.code, stderr: retried.stderr }).toMatchObject({ code: 0 });
    expect(await fingerprint(root())).toEqual(data);

    const back = await muster("recoveries", "rollback", id, "--yes", "--watch");
    expect({ code: back.code, stderr: back.stderr }).toMatchObject({ code: 0 });
    expect(await fingerprint(root())).toEqual(lost);
    expect(await staged()).toBe(0);
    expect((await muster("recover", "--yes", "--watch")).code).toBe(0); // whole again, for the next test
    expect((await muster("recoveries", "accept", "--yes", "--watch")).code).toBe(0);
  });
});

describe("a recovery whose control plane is killed in the middle", () => {
  it("goes on and succeeds, each step once", async () => {
    const { controlPlane, muster } = fleet();
    const id = await beginRecovery();
    await controlPlane.kill("SIGKILL");
    await controlPlane.start();

    const recovery = await recoveryWhen(controlPlane, id, "its end", ended);
    expect(recovery.state).toBe("succeeded");
    expect(recovery.steps.map(({ attempt }) => attempt)).toEqual(recovery.steps.map(() => 1));
    expect(await fingerprint(root())).toEqual(data);
    expect((await muster("recoveries", "accept", id, "--yes", "--watch")).code).toBe(0);
    expect((await muster("audit", "verify")).code).toBe(0);
    expect(readdirSync(host.folder).filter((name) => name.startsWith("uploads."))).toEqual([]);
  });
});
