import { asMusterError, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { manifestKey, manifestName } from "../manifest/points.ts";
import { packKey } from "../pack/layout.ts";
import { type ChunkReader, chunkReader } from "../read/chunk-reader.ts";
import { entriesOf } from "../read/point-reader.ts";
import { dataRefs, listRefs } from "../tree/chunk-list.ts";
import type { Content } from "../types.ts";
import type { Findings } from "./findings.ts";

/** Called for every segment that a point needs: its pack, its number in the pack, and for which entry (or the tree). */
export type OnSegment = (key: string, position: number, entry: string | undefined) => void;

/**
 * Walks everything that a point needs. What cannot be walked on is noted at the point's manifest, unless the damage is
 * known by its own object already. Throws when the store fails.
 */
export async function walkPoint(
  domain: DomainContext,
  index: ChunkIndex,
  manifest: Manifest,
  found: Findings,
  onSegment: OnSegment,
  signal: AbortSignal | undefined,
): Promise<void> {
  const walk: Walk = { domain, index, manifest, found, onSegment, chunks: chunkReader(domain, index) };
  await visit(walk, manifest.tree, undefined);
  await noting(walk, undefined, async () => {
    for await (const entry of entriesOf(manifest.tree, walk.chunks)) {
      throwIfAborted(signal);
      await visit(walk, entry.content, entry.path);
    }
  });
}

interface Walk {
  readonly domain: DomainContext;
  readonly index: ChunkIndex;
  readonly manifest: Manifest;
  readonly found: Findings;
  readonly onSegment: OnSegment;
  readonly chunks: ChunkReader;
}

async function visit(walk: Walk, content: Content, entry: string | undefined): Promise<void> {
  const note = async (id: Uint8Array): Promise<void> => {
    const { segment } = await walk.chunks.locate(id);
    const { packId, position } = walk.index.place(segment);
    walk.onSegment(packKey(walk.domain, packId), position, entry);
  };
  await noting(walk, entry, async () => {
    for await (const { id } of listRefs(content, walk.chunks.read)) await note(id);
    for await (const { id } of dataRefs(content, walk.chunks.read)) await note(id);
  });
}

/** Damage that ends a walk: the known bad objects on its way are hit already; any other is named here. */
async function noting(walk: Walk, entry: string | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== "repository-corrupt") throw thrown;
    const { id, source, takenAt } = walk.manifest;
    if (walk.found.isExplained(id, entry)) return;
    const key = manifestKey(walk.domain, manifestName(source, takenAt, id));
    walk.found.add(key, error.message);
    walk.found.hit(key, id, entry);
  }
}
