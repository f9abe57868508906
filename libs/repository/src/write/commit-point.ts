import { type Clock, MusterError, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import type { Lease } from "../lease/hold.ts";
import { type Manifest, sealManifest, summaryOf } from "../manifest/manifest.ts";
import { manifestName } from "../manifest/points.ts";
import type { TreeWriter } from "../tree/tree-writer.ts";
import type { JsonValue, PointSummary } from "../types.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import type { EntryOrder } from "./entry-order.ts";
import type { PointSpec } from "./types.ts";

/** What the writer of a point has made until its commit. */
export interface Written {
  readonly chunks: ChunkWriter;
  readonly tree: TreeWriter;
  readonly order: EntryOrder;
  readonly logicalBytes: number;
  readonly entries: number;
  readonly clock: Clock;
  readonly lease: Lease;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes a point exist: packs, then index, then the manifest. A crash before the manifest leaves chunks that nothing
 * refers to, which a later backup finds and uses.
 */
export async function commitPoint(
  domain: DomainContext,
  { id, source, kind, host, startedAt, facts }: PointSpec & { readonly id: string },
  final: { readonly takenAt: number; readonly facts?: Readonly<Record<string, JsonValue>> },
  { chunks, tree, order, logicalBytes, entries, clock, lease, signal }: Written,
): Promise<PointSummary> {
  const name = manifestName(source, final.takenAt, id);
  await order.drain();
  const content = await tree.finish();
  await chunks.finish();
  throwIfAborted(signal);
  const manifest: Manifest = {
    version: 1,
    id,
    source,
    kind,
    host,
    startedAt,
    takenAt: final.takenAt,
    finishedAt: clock.now(),
    logicalBytes,
    storedBytes: chunks.storedBytes,
    entries,
    facts: { ...facts, ...final.facts } as Manifest["facts"], // the same JSON; zod's type is not readonly
    tree: { depth: content.depth, chunks: [...content.chunks] },
  };
  await putManifest(domain, name, manifest, { lease, signal });
  return summaryOf(domain.name, manifest);
}

async function putManifest(
  domain: DomainContext,
  name: string,
  manifest: Manifest,
  { lease, signal }: Pick<Written, "lease" | "signal">,
): Promise<void> {
  const sealed = await sealManifest(domain, name, manifest);
  try {
    await lease.commit(name, (key) => domain.store.put(key, sealed, { signal }));
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
    throw new MusterError("conflict", `domain ${domain.name} has the point ${name} already`, { cause: thrown });
  }
}
