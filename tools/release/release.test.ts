import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../process/run.ts";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { root, text } from "../workspace.ts";
import { bundle } from "./bundle.ts";
import { releaseManifest } from "./companions.ts";
import { helpers, programs } from "./entries.ts";

describe("a release", () => {
  it("has a file for each program, which runs away from the workspace", async () => {
    await withTemporaryFolder("release", async (folder) => {
      const [file = ""] = await bundle({ errors: join(root, "tools/release/fixture.ts") }, folder);
      expect(file).toBe(join(folder, "errors.mjs"));
      const { code, output } = await run(process.execPath, [file], { cwd: folder });
      expect({ code, output }).toEqual({ code: 0, output: "90000 usage\n" });
      expect(existsSync(join(folder, "node_modules"))).toBe(false);
    });
  });

  it("has every program of this version, and all that they start beside them", async () => {
    await withTemporaryFolder("programs", async (folder) => {
      const { version }: { version: string } = JSON.parse(text("package.json"));
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      const bin = join(folder, "bin");
      await bundle(programs, bin);
      await bundle(helpers, bin, ".js");
      writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
      for (const name of Object.keys(programs)) {
        const file = join(bin, `${name}.mjs`);
        expect((await run(process.execPath, [file, "--version"], { cwd: folder })).output.trim(), name).toBe(version);
        expect((await run(process.execPath, [file, "--help"], { cwd: folder })).output, name).toContain("Usage:");
      }
      const request = await run(process.execPath, [join(bin, "muster-agent-signing-request.js"), "db-1"], {
        cwd: folder,
      });
      expect(JSON.parse(request.output).privateKey).toContain("PRIVATE KEY");
      // Whatever a program looks for beside itself is made.
      const wanted = readdirSync(bin).flatMap((name) => namesOfBundles(readFileSync(join(bin, name), "utf8")));
      expect(wanted).toContain("muster-agent-job.js");
      for (const name of wanted) expect(existsSync(join(bin, name)), name).toBe(true);
    });
  }, 180_000);

  it("pins what stays outside the bundles to the lock file's versions", () => {
    const { dependencies, version } = releaseManifest(text("package.json"), text("package-lock.json"));
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(dependencies["@electric-sql/pglite"]).toMatch(/^\d+\.\d+\.\d+$/);
    expect(() => releaseManifest('{"version":"1.0.0"}', '{"packages":{}}')).toThrow(/does not have/);
  });
});

/** The files that a bundle starts: named in strings of the code. */
function namesOfBundles(code: string): string[] {
  return [...code.matchAll(/["`](?:\.\/)?(muster-[a-z-]+\.m?js)["`]/g)].map(([, name = ""]) => name);
}
