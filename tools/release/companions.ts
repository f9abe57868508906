import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, text } from "../workspace.ts";
import { outside } from "./bundle.ts";

/** Writes what the programs need beside them: the migrations, the built console, the licence, and package.json. */
export function writeCompanions(dist: string): void {
  rmSync(join(dist, "migrations"), { recursive: true, force: true });
  cpSync(join(root, "libs/database/migrations"), join(dist, "migrations"), { recursive: true });
  rmSync(join(dist, "console"), { recursive: true, force: true });
  cpSync(join(root, "apps/console/dist"), join(dist, "console"), { recursive: true }); // built by the set-up
  cpSync(join(root, "LICENSE"), join(dist, "LICENSE"));
  const manifest = releaseManifest(text("package.json"), text("package-lock.json"));
  writeFileSync(join(dist, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The package.json of a release: the packages outside the bundles, at the versions of the lock file. */
export function releaseManifest(rootManifest: string, lockFile: string) {
  const { version }: { version: string } = JSON.parse(rootManifest);
  const { packages }: { packages: Record<string, { version?: string }> } = JSON.parse(lockFile);
  const dependencies = Object.fromEntries(
    outside.map((name) => {
      const locked = packages[`node_modules/${name}`]?.version;
      if (locked === undefined) throw new Error(`package-lock.json does not have ${name}`);
      return [name, locked];
    }),
  );
  return { name: "muster-release", version, private: true, license: "Apache-2.0", type: "module", dependencies };
}
