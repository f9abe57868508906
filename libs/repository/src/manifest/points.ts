import { asMusterError, MusterError, mapLimit } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { encodeName } from "../encoding/name.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import type { Damaged } from "../index/load-index.ts";
import { type Manifest, openManifest } from "./manifest.ts";

const concurrency = 8;

/** What the key of a manifest tells: `<domain>/points/<source>/<time>-<id>`. */
export interface PointKey {
  readonly key: string;
  /** `<source>/<time>-<id>`, the name that is bound to the manifest. */
  readonly name: string;
  readonly id: string;
}

/** The name of a manifest: sorts by the moment that it restores to. */
export function manifestName(source: string, takenAt: number, id: string): string {
  return `${encodeName(source)}/${new Date(takenAt).toISOString().replaceAll(/[-:.]/g, "")}-${id}`;
}

export function manifestKey(domain: DomainContext, name: string): string {
  return `${domain.prefix}points/${name}`;
}

/** Throws `usage` unless the id can be part of a key. */
export function checkPointId(id: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw new MusterError("usage", `${JSON.stringify(id)} is not an id of a point`, {
      hint: "Use up to 64 letters, digits, _ and -.",
    });
  }
}

/** The manifests of a domain or of one source, by their keys, sorted by moment within a source. */
export async function listPointKeys(domain: DomainContext, source?: string, signal?: AbortSignal): Promise<PointKey[]> {
  const folder = `${domain.prefix}points/`;
  const within = source === undefined ? folder : `${folder}${encodeName(source)}/`;
  const found: PointKey[] = [];
  for await (const { key, size } of domain.store.list(within, { signal })) {
    if (size === 0) continue; // a sweep took the name, so that a lost backup can never commit
    const name = key.slice(folder.length);
    const last = name.slice(name.lastIndexOf("/") + 1);
    found.push({ key, name, id: last.slice(last.indexOf("-") + 1) });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads one manifest. Throws `repository-corrupt`, `object-missing`. */
export async function readManifest(
  domain: DomainContext,
  { key, name }: PointKey,
  signal?: AbortSignal,
): Promise<Manifest> {
  const manifest = await readHealthy(domain, key, async () =>
    openManifest(domain, name, await domain.store.get(key, { signal })),
  );
  if (manifestName(manifest.source, manifest.takenAt, manifest.id) === name) return manifest;
  throw new MusterError("repository-corrupt", `${key} holds the manifest of another point`);
}

/** Finds a point by its id. Throws `point-missing`. */
export async function findPoint(domain: DomainContext, id: string): Promise<Manifest> {
  const found = (await listPointKeys(domain)).find((point) => point.id === id);
  if (found === undefined) throw new MusterError("point-missing", `domain ${domain.name} has no point ${id}`);
  return readManifest(domain, found);
}

export interface ScannedPoints {
  readonly manifests: readonly Manifest[];
  readonly damaged: readonly Damaged[];
}

/** Reads every manifest; one that is damaged does not hide the others. Throws when the store fails. */
export async function scanPoints(domain: DomainContext, source?: string, signal?: AbortSignal): Promise<ScannedPoints> {
  const damaged: Damaged[] = [];
  const read = await mapLimit(await listPointKeys(domain, source, signal), concurrency, async (point) => {
    try {
      return [await readManifest(domain, point, signal)];
    } catch (thrown) {
      const error = asMusterError(thrown);
      if (error.code !== "repository-corrupt" && error.code !== "object-missing") throw thrown;
      damaged.push({ key: point.key, error });
      return [];
    }
  });
  return { manifests: read.flat().sort((a, b) => a.takenAt - b.takenAt), damaged };
}
