import { randomBytes } from "node:crypto";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { type BoxKey, openBox, sealBox } from "../encrypt/box.ts";
import { headerLength, sealedHeader } from "../encrypt/sealed-object.ts";
import { type IndexedPack, packIdLength } from "../index/index-object.ts";
import { encodeFooter, type FooterChunk, type FooterSegment } from "./footer.ts";
import { footerPosition, packBoxKey, packKey, trailerMagic } from "./layout.ts";

/** A pack is closed when it has reached this; it ends up at 16 to 18 MiB. */
const packTarget = 16 * 2 ** 20;
/** Segments that are compressed at once, and packs that are stored at once: they bound the memory. */
const sealingAtOnce = 4;
const storingAtOnce = 2;
/** One segment in so many is decoded and compared before its pack is stored. */
const sampleEvery = 16;

export interface PackWriterOptions {
  readonly level: number;
  readonly readBack: "sample" | "all";
  readonly signal: AbortSignal | undefined;
  /** Called when a pack is durable. */
  readonly onStored: (pack: IndexedPack) => Promise<void>;
}

/** Makes packs of segments, overlapping compression, storing and the caller's reading. */
export interface PackWriter {
  /** Takes over `plain` until `done` is called. Resolves when there is room for the next one. */
  addSegment(plain: Buffer, chunks: readonly FooterChunk[], done: () => void): Promise<void>;
  /** Resolves when all packs are durable. */
  finish(): Promise<void>;
  /** Resolves when nothing is under way any more, whatever became of it. */
  settle(): Promise<void>;
}

interface Slot {
  readonly plainLength: number;
  readonly chunks: readonly FooterChunk[];
  readonly box: Promise<Buffer>;
}

interface OpenPack {
  readonly id: Buffer;
  readonly key: BoxKey;
  readonly slots: Slot[];
  /** Bytes stored, as far as known; what is not compressed yet counts in full. */
  estimate: number;
}

export function packWriter(domain: DomainContext, options: PackWriterOptions): PackWriter {
  const sealing = new Set<Promise<unknown>>();
  const storing = new Set<Promise<unknown>>();
  let open: OpenPack | undefined;
  let failure: { readonly error: unknown } | undefined;

  const track = (running: Set<Promise<unknown>>, work: Promise<unknown>): void => {
    const tracked = work
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(tracked));
    running.add(tracked);
  };
  const room = async (running: Set<Promise<unknown>>, limit: number): Promise<void> => {
    while (running.size >= limit) await Promise.race(running);
    if (failure !== undefined) throw failure.error;
  };
  const close = async (pack: OpenPack): Promise<void> => {
    open = undefined;
    await room(storing, storingAtOnce);
    track(storing, storePack(domain, pack, options));
  };
  return {
    async addSegment(plain, chunks, done) {
      await room(sealing, sealingAtOnce);
      const pack = open ?? newPack(domain);
      open = pack;
      const position = pack.slots.length;
      const box = sealSegment(pack.key, position, plain, options).finally(done);
      pack.slots.push({ plainLength: plain.length, chunks, box });
      pack.estimate += plain.length;
      track(
        sealing,
        box.then(({ length }) => {
          pack.estimate += length - plain.length;
        }),
      );
      if (pack.estimate >= packTarget) await close(pack);
    },
    async finish() {
      if (open !== undefined) await close(open);
      await room(storing, 1);
    },
    async settle() {
      await Promise.all([...sealing, ...storing]);
    },
  };
}

function newPack(domain: DomainContext): OpenPack {
  const id = randomBytes(packIdLength);
  return { id, key: packBoxKey(domain, id), slots: [], estimate: 0 };
}

async function sealSegment(
  key: BoxKey,
  position: number,
  plain: Buffer,
  { level, readBack }: PackWriterOptions,
): Promise<Buffer> {
  const box = await sealBox(key, position, plain, level);
  if (readBack === "all" || position % sampleEvery === 0) {
    const again = await openBox(key, position, box);
    if (!again.equals(plain)) throw malformed(key.what, `does not read back box ${position} as it was written`);
  }
  return box;
}

/** Header, boxes in order of position, footer box, its length, end mark. */
async function storePack(domain: DomainContext, pack: OpenPack, options: PackWriterOptions): Promise<void> {
  const parts: Buffer[] = [sealedHeader("pack", pack.id)];
  const segments: FooterSegment[] = [];
  let offset = headerLength;
  for (const { box, plainLength, chunks } of pack.slots) {
    const bytes = await box;
    segments.push({ offset, length: bytes.length, plainLength, chunks });
    parts.push(bytes);
    offset += bytes.length;
  }
  const footer = encodeFooter(segments);
  const sealed = await sealBox(pack.key, footerPosition, footer, 1);
  const again = await openBox(pack.key, footerPosition, sealed);
  if (!again.equals(footer)) throw malformed(pack.key.what, "does not read back its footer as it was written");
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(sealed.length);
  parts.push(sealed, trailer, trailerMagic);
  await domain.store.put(packKey(domain, pack.id), parts, { signal: options.signal });
  const size = offset + sealed.length + trailer.length + trailerMagic.length;
  await options.onStored({ packId: pack.id, size, footer });
}
