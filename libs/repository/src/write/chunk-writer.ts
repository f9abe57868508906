import type { DomainContext } from "../context.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import { type IndexedPack, writeIndex } from "../index/index-object.ts";
import type { FooterChunk } from "../pack/footer.ts";
import { segmentMost, segmentTarget } from "../pack/pack-builder.ts";
import { type PackWriter, packWriter } from "../pack/pack-writer.ts";
import type { ChunkRef } from "../types.ts";

/** An index object is written when the footers for it have reached this many bytes. */
const indexTarget = 8 * 2 ** 20;

export interface ChunkWriterOptions {
  readonly level: number;
  readonly readBack: "sample" | "all";
  readonly signal: AbortSignal | undefined;
}

/** Stores chunks that the domain does not have yet. */
export interface ChunkWriter {
  /** Stores the chunk, or finds it stored already. The bytes may be changed when this resolves. */
  store(plain: Uint8Array): Promise<ChunkRef>;
  /** The same for what describes content: lists and trees have segments of their own, so that reading them reads no data. */
  storeMeta(plain: Uint8Array): Promise<ChunkRef>;
  /** Makes everything durable: packs, then their index. */
  finish(): Promise<void>;
  /** Waits until nothing is under way any more. */
  settle(): Promise<void>;
  /** Bytes of packs and indexes that are durable. */
  readonly storedBytes: number;
}

export function chunkWriter(domain: DomainContext, index: ChunkIndex, options: ChunkWriterOptions): ChunkWriter {
  let storedBytes = 0;
  let unindexed: IndexedPack[] = [];
  const saveIndex = async (): Promise<void> => {
    const packs = unindexed;
    unindexed = [];
    if (packs.length > 0) storedBytes += await writeIndex(domain, { supersedes: [], packs }, options.signal);
  };
  const packs = packWriter(domain, {
    ...options,
    async onStored(pack) {
      storedBytes += pack.size;
      unindexed.push(pack);
      const footers = unindexed.reduce((sum, { footer }) => sum + footer.length, 0);
      if (footers >= indexTarget) await saveIndex();
    },
  });
  const [data, meta] = [segmentBuilder(packs), segmentBuilder(packs)];
  const storeIn = async (segments: typeof data, plain: Uint8Array): Promise<ChunkRef> => {
    const id = domain.ids.of(plain);
    if (!index.has(id)) {
      index.addPending(id); // before any wait, so that whoever has the same chunk now does not store it too
      await segments.add(id, plain);
    }
    return { id, length: plain.length };
  };
  return {
    store: (plain) => storeIn(data, plain),
    storeMeta: (plain) => storeIn(meta, plain),
    async finish() {
      await data.flush();
      await meta.flush();
      await packs.finish();
      await saveIndex();
    },
    settle: () => packs.settle(),
    get storedBytes() {
      return storedBytes;
    },
  };
}

/** Puts chunks together into segments. */
function segmentBuilder(packs: PackWriter) {
  let buffer = packs.takeBuffer();
  let filled = 0;
  let chunks: FooterChunk[] = [];
  const flush = async (): Promise<void> => {
    if (filled === 0) return;
    const segment = { buffer, length: filled, chunks };
    buffer = packs.takeBuffer();
    filled = 0;
    chunks = [];
    await packs.addSegment(segment);
  };
  return {
    flush,
    /** Copies the bytes before it waits for anything. */
    async add(id: Uint8Array, plain: Uint8Array): Promise<void> {
      const overfull = filled + plain.length > segmentMost ? flush() : undefined;
      buffer.set(plain, filled);
      filled += plain.length;
      chunks.push({ id, length: plain.length });
      await overfull;
      if (filled >= segmentTarget) await flush();
    },
  };
}
