import { readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { systemClock } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { describe, expect, it } from "vitest";
import type { Host } from "./testing/agent.ts";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { bytesBelow, fingerprint, writeRandomTree } from "./testing/tree.ts";
import { type BackupView, backupEnded, type RecoveryView, recoveryWhen, stepOf } from "./testing/views.ts";

/** Big enough that "in the middle" lasts; killed when a part of it has been moved. */
const files = { count: 40, size: 4_000_000 };
const total = files.count * files.size;
const part = 8_000_000;

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

/** Waits until the repository holds more than so many bytes; gives what it holds. */
const untilStored = (repository: string, bytes: number): Promise<number> => {
  const stored = async (): Promise<number | undefined> => {
    const now = await bytesBelow(repository);
    return now > bytes ? now : undefined;
  };
  return waitFor("packs in the repository", stored, { timeout: 60_000, interval: 5 });
};

const untilStaged = (since = 0) =>
  waitFor("a part to be staged", async () => (await staged(since)) > part, { timeout: 60_000, interval: 5 });

/** Backs up, then loses a part of the data, then begins to restore. */
async function beginRecovery(): Promise<string> {
  expectCode(await fleet().muster("backup", "--all", "--wait"));
  await rm(`${root()}/folder-3`, { recursive: true });
  lost = await fingerprint(root());
  const started = await fleet().muster("recover", "--yes");
  expectCode(started);
  await untilStaged();
  return started.stdout.trim();
}

const ended = ({ state }: RecoveryView): boolean => ["succeeded", "failed"].includes(state);

describe("a backup whose agent is killed in the middle", () => {
  it("ends in a named state and leaves no point; the next one succeeds", async () => {
    const { controlPlane, muster, repository } = fleet();
    const { backups } = await controlPlane.post<{ backups: BackupView[] }>("/api/v1/backups", { all: true });
    const id = backups[0]?.id ?? "";
    expect(await untilStored(repository, part)).toBeLessThan(total);
    await host.kill("SIGKILL");
    host.start();

    const killed = await backupEnded(controlPlane, id);
    expect(killed.state).toBe("failed");
    expect(killed.error?.message).not.toBe("");
    expect((await muster("points", "--json")).stdout.trim()).toBe("[]");
    expect((await muster("backups")).stdout).toContain("failed");

    const again = await muster("backup", "--all", "--wait");
    expectCode(again);
    expect(JSON.parse((await muster("points", "--json")).stdout)).toHaveLength(1);
    const verified = await muster("verify");
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("main: 1 point, whole") });
  });
});

describe("a backup whose control plane is killed in the middle", () => {
  it("goes on; its point is listed once the control plane is back", async () => {
    const { controlPlane, muster, repository } = fleet();
    await writeRandomTree(root(), files); // new content, so that there is something to store
    data = await fingerprint(root());
    const before = await bytesBelow(repository);
    const { backups } = await controlPlane.post<{ backups: BackupView[] }>("/api/v1/backups", { all: true });
    expect(await untilStored(repository, before + part)).toBeLessThan(before + total);
    await controlPlane.kill("SIGKILL");
    await controlPlane.start();

    const { state, pointId } = await backupEnded(controlPlane, backups[0]?.id ?? "");
    expect(state).toBe("succeeded");
    expect((await muster("points", "--json")).stdout).toContain(pointId);
    expect((await muster("verify")).stdout).toContain("main: 2 points, whole");
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
    expectCode(retried);
    expect(await fingerprint(root())).toEqual(data);

    const back = await muster("recoveries", "rollback", id, "--yes", "--watch");
    expectCode(back);
    expect(await fingerprint(root())).toEqual(lost);
    expect(await staged()).toBe(0);
    expectCode(await muster("recover", "--yes", "--watch")); // whole again, for the next test
    expectCode(await muster("recoveries", "accept", "--yes", "--watch"));
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
    expectCode(await muster("recoveries", "accept", id, "--yes", "--watch"));
    expectCode(await muster("audit", "verify"));
    expect(readdirSync(host.folder).filter((name) => name.startsWith("uploads."))).toEqual([]);
  });
});
