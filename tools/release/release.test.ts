import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../process/run.ts";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { root, text } from "../workspace.ts";
import { bundle } from "./bundle.ts";
import { releaseManifest } from "./companions.ts";

describe("a release", () => {
  it("is one file for each program, which runs away from the workspace", async () => {
    await withTemporaryFolder("release", async (folder) => {
      const [file = ""] = await bundle({ errors: join(root, "tools/release/fixture.ts") }, folder);
      expect(file).toBe(join(folder, "errors.mjs"));
      const { code, output } = await run(process.execPath, [file], { cwd: folder });
      expect({ code, output }).toEqual({ code: 0, output: "90000 usage\n" });
      expect(existsSync(join(folder, "node_modules"))).toBe(false);
    });
  });

  it("pins what stays outside the bundles to the lock file's versions", () => {
    const { dependencies, version } = releaseManifest(text("package.json"), text("package-lock.json"));
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(dependencies["@electric-sql/pglite"]).toMatch(/^\d+\.\d+\.\d+$/);
    expect(() => releaseManifest('{"version":"1.0.0"}', '{"packages":{}}')).toThrow(/does not have/);
  });
});
