import { throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { chunkReader } from "../read/chunk-reader.ts";
import { dataRefs, listRefs } from "../tree/chunk-list.ts";
import { decodeEntries } from "../tree/entry-codec.ts";
import type { Content } from "../types.ts";

/** Finds the packs (ids in hex) that a point needs. Throws `repository-corrupt` when its tree cannot be read. */
export type NeededPacks = (manifest: Manifest, signal?: AbortSignal) => Promise<Set<string>>;

/** Parts of trees that points share are read once; a part is remembered with the packs of all that is under it. */
export function neededPacks(domain: DomainContext, index: ChunkIndex): NeededPacks {
  const chunks = chunkReader(domain, index);
  const known = new Map<string, ReadonlySet<string>>();
  const packOf = async (id: Uint8Array): Promise<string> => {
    const { segment } = await chunks.locate(id);
    return index.place(segment).packId.toString("hex");
  };
  const addContent = async (content: Content, to: Set<string>): Promise<void> => {
    for await (const { id } of listRefs(content, chunks.read)) to.add(await packOf(id));
    for await (const { id } of dataRefs(content, chunks.read)) to.add(await packOf(id));
  };
  const packsUnder = async (leaf: Uint8Array): Promise<Set<string>> => {
    const packs = new Set([await packOf(leaf)]);
    for (const { content } of decodeEntries(await chunks.read(leaf))) await addContent(content, packs);
    return packs;
  };
  return async ({ tree }, signal) => {
    const needed = new Set<string>();
    for await (const { id } of listRefs(tree, chunks.read)) needed.add(await packOf(id));
    for await (const { id } of dataRefs(tree, chunks.read)) {
      throwIfAborted(signal);
      const name = Buffer.from(id).toString("latin1");
      const packs = known.get(name) ?? (await packsUnder(id));
      known.set(name, packs);
      for (const pack of packs) needed.add(pack);
    }
    return needed;
  };
}
