import { packages, text } from "../workspace.ts";
import { parseSource, type Source } from "./source.ts";

export interface ParsedPackage {
  readonly folder: string;
  readonly manifest: ReturnType<typeof packages>[number]["manifest"];
  readonly sources: readonly Source[];
}

/** Every workspace package that has source, parsed. */
export function parsedPackages(): ParsedPackage[] {
  return packages().map(({ folder, manifest, files }) => ({
    folder,
    manifest,
    sources: files.map((path) => parseSource(folder, path, text(path))),
  }));
}
