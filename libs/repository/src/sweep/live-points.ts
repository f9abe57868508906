import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { listPointKeys, manifestKey, type PointKey, readManifest } from "../manifest/points.ts";
import type { SeenLease } from "./leases.ts";

/**
 * The manifests of all points: those that the store lists, and those that leases announced, which a list may not show yet. One that
 * is gone meanwhile is passed over. Throws `repository-corrupt` for one that cannot be read.
 */
export async function* livePoints(
  domain: DomainContext,
  leases: readonly SeenLease[],
  { except, signal }: { readonly except: ReadonlySet<string>; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Manifest> {
  const points = new Map<string, PointKey>();
  for (const point of await listPointKeys(domain, undefined, signal)) points.set(point.name, point);
  for (const { manifest } of leases) {
    if (manifest === undefined) continue;
    const key = manifestKey(domain, manifest);
    const found = await domain.store.head(key);
    if (found !== undefined && found.size > 0) points.set(manifest, { key, name: manifest, id: "" });
  }
  for (const point of points.values()) {
    if (except.has(point.name)) continue;
    const manifest = await orGone(readManifest(domain, point, signal));
    if (manifest !== undefined) yield manifest;
  }
}

async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-missing") return undefined;
    throw thrown;
  }
}
