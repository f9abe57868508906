import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the whole repository. */
export const root = join(import.meta.dirname, "..");

/** The path of a program that npm installed. */
export function bin(name: string): string {
  return join(root, "node_modules/.bin", name);
}

export interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface Package {
  /** Its folder, relative to the root: `libs/core`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Its TypeScript files, relative to the root, generated ones included, sorted. */
  readonly files: readonly string[];
}

/** Every workspace package that has source. */
export function packages(): Package[] {
  const manifests = globSync(["libs/*/package.json", "apps/*/package.json", "examples/*/package.json"], { cwd: root });
  return [...manifests, "e2e/package.json", "tools/package.json"]
    .sort()
    .map((path) => read(dirname(path)))
    .filter((entry) => entry.files.length > 0);
}

function read(folder: string): Package {
  // The shape is npm's, which refuses to install a package.json without a name.
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
  const files = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] });
  return { folder, manifest, files: files.sort() };
}

/** The text of a file of the repository. */
export function text(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
