/// <reference path="./picomatch.d.ts" />
import type { FilesConfig } from "./config.ts";

/** Names beside or inside a root that belong to restores of ours. */
export const ownNames = /^\.muster-(new|aside)-/;

export interface Filter {
  /** Whether a path below a root belongs to the source. A directory that does not is not entered. */
  covers(relative: string, isDirectory: boolean): boolean;
}

/** The source's include and exclude globs as one question. */
export async function createFilter({ include, exclude }: FilesConfig): Promise<Filter> {
  const { default: picomatch } = await import("picomatch");
  const matcher = (globs: readonly string[]) => {
    const anywhere = picomatch([...globs.filter((glob) => !glob.includes("/"))], { dot: true, basename: true });
    const placed = picomatch([...globs.filter((glob) => glob.includes("/"))], { dot: true });
    const hasAnywhere = globs.some((glob) => !glob.includes("/"));
    const hasPlaced = globs.some((glob) => glob.includes("/"));
    return (path: string): boolean => (hasAnywhere && anywhere(path)) || (hasPlaced && placed(path));
  };
  const excluded = matcher(exclude.map(withoutSlashes));
  const included = matcher(include.map(withoutSlashes));
  const covered = (path: string): boolean => included(path) || parents(path).some(included);
  return {
    covers(relative, isDirectory) {
      if (relative === "") return true;
      if (ownNames.test(relative) || excluded(relative)) return false;
      return include.length === 0 || isDirectory || covered(relative);
    },
  };
}

function withoutSlashes(glob: string): string {
  return glob.replace(/^\.?\//, "").replace(/\/$/, "");
}

function parents(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
