import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type S3Site, startS3Site } from "@muster/object-store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { launchers, startProgram } from "./testing/program.ts";
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

const fleet = useFleet(
  async (fleet) => {
    root = join(fleet.hostFolder("files-1"), "uploads");
    await writeRandomTree(root, { count: 12, size: 3_000_000 });
    await fleet.addAgent("files-1", {
      sources: { uploads: { type: "files", root } },
      repositories: { main: { credentialsFile: site.credentialsFile("agent") } },
    });
    await fleet.applyPlan({
      version: 1,
      name: "in-s3",
      timezone: "UTC",
      services: { uploads: { tier: 1, host: "files-1", sources: { uploads: {} } } },
    });
  },
  () => ({ place: { url: address(), credentialsFile: site.credentialsFile("admin") } }),
);

describe("a fleet whose repository lies in S3", () => {
  let before: Record<string, string>;

  it("backs up with a key that may only add, and brings everything back", async () => {
    before = await fingerprint(root);
    expectCode(await fleet().muster("backup", "--all", "--wait"));
    await rm(join(root, "folder-1"), { recursive: true });
    await writeFile(join(root, "folder-2", "file-2.bin"), "damaged");
    expectCode(await fleet().muster("recover", "--service", "uploads", "--yes", "--watch"));
    expect(await fingerprint(root)).toEqual(before);
  });

  it("gives everything back to an agent alone, with the key and no control plane", async () => {
    const { at, controlPlane, folder } = fleet();
    const keyFile = join(controlPlane.data, "keys", "main.key");
    expect(await readFile(keyFile, "utf8")).not.toBe("");
    const into = at("broken-glass");
    const options = ["--key-file", keyFile, "--service", "uploads", "--into", into];
    const repository = `${address()}&credentials-file=${encodeURIComponent(site.credentialsFile("agent"))}`;
    const program = startProgram("break-glass", [launchers.agent, "restore", "--repository", repository, ...options], {
      directory: folder,
      environment: {},
    });
    expect({ code: await program.ended(), said: program.output() }).toMatchObject({ code: 0 });
    const restored = Object.values(await fingerprint(into));
    for (const [path, print] of Object.entries(before)) if (path.endsWith(".bin")) expect(restored).toContain(print);
  });

  it("has no secret in what the programs write", () => {
    expect(fleet().logs()).not.toMatch(/agent-secret-for-tests|admin-secret-for-tests/);
  });
});
