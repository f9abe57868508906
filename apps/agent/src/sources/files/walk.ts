import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { systemErrorCode, throwIfAborted } from "@muster/core";
import type { Filter } from "./filter.ts";
import { encodeName, joinBytes } from "./names.ts";

export interface Found {
  readonly kind: "entry";
  /** Encoded, relative to the root; "" is the root itself. */
  readonly relative: string;
  readonly path: Buffer;
  readonly stats: BigIntStats;
}

/** Something that is left out: by the filter (with all below it), by its kind, or because it could not be read. */
export interface Omitted {
  readonly kind: "excluded" | "special" | "unreadable" | "vanished" | "other-file-system";
  readonly relative: string;
  readonly path: Buffer;
}

export interface WalkOptions {
  readonly filter: Filter;
  readonly oneFileSystem: boolean;
  readonly signal: AbortSignal;
}

/**
 * Everything under a root, directories before what is in them, names in the order of their entry paths. Only a true ENOENT counts as vanished;
 * a path that may not be read is yielded as such; every other error throws. A missing root throws ENOENT.
 */
export function* walk(root: string, options: WalkOptions): Generator<Found | Omitted> {
  const path = Buffer.from(root);
  const stats = lstatSync(path, { bigint: true });
  yield { kind: "entry", relative: "", path, stats };
  if (stats.isDirectory()) yield* walkDirectory(path, "", stats.dev, options);
}

function* walkDirectory(
  directory: Buffer,
  relative: string,
  device: bigint,
  options: WalkOptions,
): Generator<Found | Omitted> {
  throwIfAborted(options.signal);
  const names = orOmitted(() => readdirSync(directory, { encoding: "buffer" }));
  if (typeof names === "string") {
    yield { kind: names, relative, path: directory };
    return;
  }
  for (const { encoded, name } of inOrder(names)) {
    const path = joinBytes(directory, name);
    const below = relative === "" ? encoded : `${relative}/${encoded}`;
    const stats = orOmitted(() => lstatSync(path, { bigint: true }));
    if (typeof stats === "string") {
      if (options.filter.covers(below, false)) yield { kind: stats, relative: below, path };
      continue;
    }
    const omitted = omission(below, stats, device, options);
    if (omitted !== undefined) {
      yield { kind: omitted, relative: below, path };
      continue;
    }
    yield { kind: "entry", relative: below, path, stats };
    if (stats.isDirectory()) yield* walkDirectory(path, below, device, options);
  }
}

/** Names with what they are called in entry paths, in the order of the repository's `comparePaths`. */
function inOrder(names: readonly Buffer[]): { encoded: string; name: Buffer }[] {
  return names
    .map((name) => ({ encoded: encodeName(name), name }))
    .map((both) => ({ ...both, key: Buffer.from(both.encoded) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
}

function omission(
  relative: string,
  stats: BigIntStats,
  device: bigint,
  options: WalkOptions,
): Omitted["kind"] | undefined {
  if (!options.filter.covers(relative, stats.isDirectory())) return "excluded";
  if (options.oneFileSystem && stats.dev !== device) return "other-file-system";
  const stored = stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
  return stored ? undefined : "special";
}

/** The answer, or why there is none. */
function orOmitted<T>(work: () => T): T | "vanished" | "unreadable" {
  try {
    return work();
  } catch (error) {
    const reason = omittedFor(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

/** Why something is left out that the system refused; undefined when it must not be left out. */
export function omittedFor(error: unknown): "vanished" | "unreadable" | undefined {
  const code = systemErrorCode(error);
  if (code === "ENOENT") return "vanished";
  return code === "EACCES" || code === "EPERM" ? "unreadable" : undefined;
}
