import { lstatSync, mkdirSync } from "node:fs";
import { MusterError, systemErrorCode } from "@muster/core";
import { pathProblem, pathToBytes } from "../encoding/path.ts";

/** The directory that a tree is restored into, by synchronous calls as its files are. Nothing is written through a symbolic link inside it. */
export interface Target {
  /** The place of an entry on disk. Throws `repository-corrupt` for a path that could lead out. */
  place(path: string): Buffer;
  /** Makes sure that the entry's parent directories are real directories, making those that are missing. */
  prepareParent(path: string): void;
  /** Makes a directory, or takes one that is there. */
  makeDirectory(path: string): void;
}

export function restoreTarget(directory: string): Target {
  const base = Buffer.from(`${directory}/`);
  const real = new Set<string>();
  const place = (path: string): Buffer => {
    const problem = pathProblem(path);
    if (problem !== undefined) throw escapeError(path, problem);
    return Buffer.concat([base, pathToBytes(path)]);
  };
  const makeDirectory = (path: string): void => {
    if (path === "" || real.has(path)) return;
    makeDirectory(parentOf(path));
    const absolute = place(path);
    try {
      mkdirSync(absolute, { mode: 0o700 });
    } catch (thrown) {
      if (systemErrorCode(thrown) !== "EEXIST") throw thrown;
      if (!lstatSync(absolute).isDirectory())
        throw escapeError(path, "is a directory, but something else is in its place");
    }
    real.add(path);
  };
  return { place, makeDirectory, prepareParent: (path) => makeDirectory(parentOf(path)) };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function escapeError(path: string, problem: string): MusterError {
  return new MusterError("repository-corrupt", `refused to restore ${JSON.stringify(path)}: the path ${problem}`, {
    hint: "Restore into an empty directory. If this one was, the recovery point was forged: do not trust it.",
  });
}
