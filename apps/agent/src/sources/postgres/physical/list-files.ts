import { type Dirent, lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { systemErrorCode, throwIfAborted } from "@muster/core";
import { comparePaths } from "@muster/repository";
import { holdsRelations, isEmptied, isExcluded, keptRelations } from "./exclusions.ts";
import type { Tablespace } from "./tablespaces.ts";

/** One thing that belongs into a backup. */
export interface Listed {
  /** Relative to the data directory; in a tablespace by its link, as `pg_tblspc/<oid>/PG_…`. */
  readonly path: string;
  readonly absolutePath: string;
  readonly type: "file" | "directory" | "link";
  readonly stats: Stats;
}

/**
 * Lists a data directory and its tablespaces without reading files, in the order of `comparePaths`: a directory comes before what is in it.
 * What vanishes meanwhile is left out: its removal is in the WAL.
 */
export function listFiles(
  dataDirectory: string,
  tablespaces: readonly Tablespace[],
  versionDirectory: string,
  signal: AbortSignal,
): Listed[] {
  const found: Listed[] = [];
  const visit = (path: string, absolutePath: string): void => {
    throwIfAborted(signal);
    for (const { name } of namesIn(path, absolutePath)) {
      const inner = path === "" ? name : `${path}/${name}`;
      if (isExcluded(inner) || path === "pg_tblspc") continue;
      const at = join(absolutePath, name);
      const stats = unlessGone(() => lstatSync(at));
      if (stats === undefined) continue;
      const listed = { path: inner, absolutePath: at, stats };
      if (stats.isDirectory() || isEmptied(inner)) {
        found.push({ ...listed, type: "directory" }); // a pg_wal that is a link to another disk becomes a directory
        if (!isEmptied(inner)) visit(inner, at);
      } else if (stats.isFile()) found.push({ ...listed, type: "file" });
      else if (stats.isSymbolicLink()) found.push({ ...listed, type: "link" });
    }
  };
  visit("", dataDirectory);
  for (const { oid, location } of tablespaces) {
    const absolutePath = join(location, versionDirectory);
    const path = `pg_tblspc/${oid}/${versionDirectory}`;
    const stats = unlessGone(() => lstatSync(absolutePath));
    if (stats === undefined) continue;
    found.push({ path, absolutePath, stats, type: "directory" });
    visit(path, absolutePath);
  }
  return found.sort((a, b) => comparePaths(a.path, b.path));
}

function namesIn(path: string, absolutePath: string): Dirent[] {
  const found = unlessGone(() => readdirSync(absolutePath, { withFileTypes: true })) ?? [];
  if (!holdsRelations(path)) return found;
  const kept = new Set(keptRelations(found.map(({ name }) => name)));
  return found.filter(({ name }) => kept.has(name));
}

/** Undefined only for a true ENOENT. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
