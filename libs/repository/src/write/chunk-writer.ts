import type { DomainContext } from "../context.ts";
import { copyInto } from "../encoding/copy.ts";
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
  /** Stores the chunk, or finds it stored already. The bytes may be changed afterwards. Wait for `room` before the next. */
  store(plain: Uint8Array): ChunkRef;
  /** Something to wait for when storing is behind. Rejects when it failed. */
  room(): Promise<void> | undefined;
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
  const storeIn = (segments: typeof data, plain: Uint8Array): ChunkRef => {
    const id = domain.ids.of(plain);
    if (!index.has(id)) {
      index.addPending(id); // before any wait, so that whoever has the same chunk now does not store it too
      segments.add(id, plain);
    }
    return { id, length: plain.length };
  };
  return {
    store: (plain) => storeIn(data, plain),
    room: () => data.room(),
    async storeMeta(plain) {
      const ref = storeIn(meta, plain);
      await meta.room();
      return ref;
    },
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
  let handing: Promise<void> | undefined;
  const handOver = (): void => {
    if (filled === 0) return;
    const segment = { buffer, length: filled, chunks };
    buffer = packs.takeBuffer();
    filled = 0;
    chunks = [];
    const before = handing;
    const now = Promise.all([before, packs.addSegment(segment)]).then(() => {
      if (handing === now) handing = undefined;
    });
    now.catch(() => undefined); // thrown to whoever waits for room
    handing = now;
  };
  return {
    /** The segments that were handed over and are not taken yet. Once that failed, it rejects for ever. */
    room: () => handing,
    async flush(): Promise<void> {
      handOver();
      await handing;
    },
    add(id: Uint8Array, plain: Uint8Array): void {
      if (filled + plain.length > segmentMost) handOver();
      copyInto(buffer, filled, plain);
      filled += plain.length;
      chunks.push({ id, length: plain.length });
      if (filled >= segmentTarget) handOver();
    },
  };
}
