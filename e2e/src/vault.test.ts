import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { launchers, startProgram } from "./testing/program.ts";
import { bytesBelow, fingerprint, writeRandomTree } from "./testing/tree.ts";
import { type BackupView, backupEnded } from "./testing/views.ts";

const files = { count: 12, size: 3_000_000 };
const total = files.count * files.size;

const fleet = useFleet(
  async (fleet) => {
    await writeRandomTree(root(fleet.hostFolder("files-1")), files);
    for (const host of ["files-1", "spare-1"]) {
      const sources = { uploads: { type: "files", root: root(fleet.hostFolder(host)) } };
      await fleet.addAgent(host, { sources });
    }
    await fleet.applyPlan({
      version: 1,
      name: "in-the-vault",
      timezone: "UTC",
      services: { uploads: { tier: 1, host: "files-1", sources: { uploads: {} } } },
    });
  },
  () => ({ place: { url: "vault:" }, vault: { quotaPerHost: `${total * 2.5}B` } }),
);

const root = (folder: string): string => join(folder, "uploads");
const uploads = (): string => root(fleet().hostFolder("files-1"));
const vault = (): string => join(fleet().controlPlane.data, "vault", "main");

describe("a fleet whose repository lies in the vault of its control plane", () => {
  let before: Record<string, string>;

  it("backs up, and brings everything back", async () => {
    before = await fingerprint(uploads());
    expectCode(await fleet().muster("backup", "--all", "--wait"));
    expect(await bytesBelow(vault())).toBeGreaterThan(total);
    await rm(join(uploads(), "folder-1"), { recursive: true });
    await writeFile(join(uploads(), "folder-2", "file-2.bin"), "damaged");
    expectCode(await fleet().muster("recover", "--service", "uploads", "--yes", "--watch"));
    expect(await fingerprint(uploads())).toEqual(before);
  });

  it("lets another host read what a recovery brings onto it", async () => {
    const onto = ["--onto", "files-1=spare-1", "--allow-new-target"];
    expectCode(await fleet().muster("recover", "--service", "uploads", ...onto, "--yes", "--watch"));
    expect(await fingerprint(root(fleet().hostFolder("spare-1")))).toEqual(before);
  });

  it("verifies, and gives its catalog back", async () => {
    expectCode(await fleet().muster("verify", "--level", "read"));
    const rebuilt = await fleet().controlPlane.post("/api/v1/repositories/main/rebuild", {});
    expect(rebuilt).toMatchObject({ found: 1, added: 0, missing: [] });
  });

  it("gives everything back from its folder, with the key and no control plane", async () => {
    const { at, controlPlane, folder } = fleet();
    const into = at("broken-glass");
    const options = ["--key-file", join(controlPlane.data, "keys", "main.key"), "--service", "uploads", "--into", into];
    const argv = [launchers.agent, "restore", "--repository", vault(), ...options];
    const program = startProgram("break-glass", argv, { directory: folder, environment: {} });
    expect({ code: await program.ended(), said: program.output() }).toMatchObject({ code: 0 });
    const restored = Object.values(await fingerprint(into));
    for (const [path, print] of Object.entries(before)) if (path.endsWith(".bin")) expect(restored).toContain(print);
  });

  it("loses nothing when the control plane is killed while a host writes to it", async () => {
    const { controlPlane, muster } = fleet();
    await rm(uploads(), { recursive: true });
    await writeRandomTree(uploads(), files);
    const stored = await bytesBelow(vault());
    const { backups } = await controlPlane.post<{ backups: BackupView[] }>("/api/v1/backups", { all: true });
    const written = async (): Promise<boolean> => (await bytesBelow(vault())) > stored + 1_000_000;
    await waitFor("a part of the backup in the vault", written, { timeout: 60_000, interval: 5 });
    await controlPlane.kill("SIGKILL");
    await controlPlane.start();
    await fleet().awaitOnline("files-1");
    const ended = await backupEnded(controlPlane, backups[0]?.id ?? "");
    if (ended.state !== "succeeded") expectCode(await muster("backup", "--all", "--wait"));
    expectCode(await muster("verify", "--level", "read"));
    const after = await fingerprint(uploads());
    await rm(join(uploads(), "folder-3"), { recursive: true });
    expectCode(await muster("recover", "--service", "uploads", "--yes", "--watch"));
    expect(await fingerprint(uploads())).toEqual(after);
  });

  it("says which quota is used up, and leaves what is there whole", async () => {
    await rm(uploads(), { recursive: true });
    await writeRandomTree(uploads(), files);
    const staged = await readdir(join(vault(), ".staging")); // what the kill has left
    const refused = await fleet().muster("backup", "--all", "--wait");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/the quota of the host files-1 in the vault, 90.0 MB, has no room/);
    expect(refused.stderr).toMatch(/vault\.quotaPerHost/);
    expectCode(await fleet().muster("verify", "--level", "read"));
    expect(await readdir(join(vault(), ".staging"))).toEqual(staged);
  });
});
