import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { differences } from "./differences.ts";
import { downloadAddresses } from "./lock-file.ts";
import { report, runChecks } from "./report.ts";
import { nxStarted } from "./types.ts";

describe("the checks", () => {
  it("count one that throws as failed, and go on", async () => {
    const results = await runChecks([
      { name: "bad", run: () => Promise.reject(new Error("no disk")) },
      { name: "good", run: async () => ({ passed: true, details: "" }) },
    ]);
    expect(results.map(({ passed }) => passed)).toEqual([false, true]);
    expect(report(results)).toMatch(/no disk[\s\S]*FAILED bad .*\nok {5}good .*\n$/);
  });

  it("find download addresses in a lock file, and leave workspace links alone", () => {
    const packages = {
      "node_modules/a": { resolved: "https://example.invalid/a.tgz" },
      "node_modules/@muster/core": { resolved: "libs/core", link: true },
      "node_modules/b": { version: "1.0.0" },
    };
    expect(downloadAddresses(JSON.stringify({ packages }))).toEqual(["node_modules/a"]);
  });

  it("find missing, changed and left-over files in what was generated", async () => {
    await withTemporaryFolder("differences", async (folder) => {
      write(join(folder, "expected"), { "same.ts": "1", "changed.ts": "1", "new.ts": "1" });
      write(join(folder, "actual"), { "same.ts": "1", "changed.ts": "2", "old.ts": "1" });
      const found = differences(join(folder, "expected"), join(folder, "actual"));
      expect(found).toEqual(["out of date: v1/changed.ts", "missing: v1/new.ts", "left over: v1/old.ts"]);
      expect(differences(join(folder, "expected"), join(folder, "nowhere"))).toHaveLength(3);
    });
  });

  it("tell failed types from an nx that did not start", () => {
    expect(nxStarted(" NX   Running target typecheck for 12 projects failed")).toBe(true);
    expect(nxStarted(" NX   Successfully ran target typecheck for 2 projects")).toBe(true);
    expect(nxStarted("Error: Cannot find module '@nx/nx-linux-x64-gnu'")).toBe(false);
  });
});

function write(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, "v1"), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, "v1", name), content);
}
