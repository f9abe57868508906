import { idLength } from "../chunk/chunk-id.ts";
import { byteReader } from "../encoding/byte-reader.ts";
import { byteWriter } from "../encoding/byte-writer.ts";
import type { ChunkRef, Content } from "../types.ts";

/** Refs that a list holds at most, and at least unless it is the last. */
const most = 1024;
const least = 128;

/** Grows the content of one stream ref by ref; memory is bounded by the depth of the tree. */
export interface ContentBuilder {
  add(ref: ChunkRef): Promise<void>;
  finish(): Promise<Content>;
}

/**
 * Lists that grow too long are stored as chunks themselves. They end where an id says so, so that content with a change
 * in the middle shares its other lists with its former self.
 */
export function contentBuilder(store: (list: Buffer) => Promise<Uint8Array>): ContentBuilder {
  const levels: ChunkRef[][] = [[]];
  const add = async (level: number, ref: ChunkRef): Promise<void> => {
    const refs = levels[level] ?? [];
    levels[level] = refs;
    refs.push(ref);
    if (refs.length === most || (refs.length >= least && ref.id[0] === 0)) await spill(level);
  };
  const spill = async (level: number): Promise<void> => {
    const refs = levels[level] ?? [];
    levels[level] = [];
    if (refs.length === 0) return;
    await add(level + 1, { id: await store(encodeList(refs)), length: lengthOf(refs) });
  };
  return {
    add: (ref) => add(0, ref),
    async finish() {
      for (let level = 0; level < levels.length - 1; level++) await spill(level);
      return { depth: levels.length - 1, chunks: levels.at(-1) ?? [] };
    },
  };
}

/** Bytes of content under some refs. */
export function lengthOf(refs: readonly ChunkRef[]): number {
  return refs.reduce((sum, { length }) => sum + length, 0);
}

function encodeList(refs: readonly ChunkRef[]): Buffer {
  const writer = byteWriter(refs.length * (idLength + 8));
  for (const { id, length } of refs) {
    writer.bytes(id);
    writer.u64(length);
  }
  return Buffer.from(writer.view());
}

/** The refs that a list holds. Throws `repository-corrupt`. */
export function* decodeList(bytes: Uint8Array): Generator<ChunkRef> {
  const reader = byteReader(bytes, "a list of chunks");
  while (reader.left > 0) yield { id: reader.bytes(idLength), length: reader.u64() };
}

/** The refs of the data chunks of some content, in order. */
export async function* dataRefs(
  { depth, chunks }: Content,
  read: (id: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<ChunkRef> {
  for (const ref of chunks) {
    if (depth === 0) yield ref;
    else yield* dataRefs({ depth: depth - 1, chunks: [...decodeList(await read(ref.id))] }, read);
  }
}

/** The refs of the lists of some content, without its data chunks; for verification. */
export async function* listRefs(
  { depth, chunks }: Content,
  read: (id: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<ChunkRef> {
  if (depth === 0) return;
  for (const ref of chunks) {
    yield ref;
    if (depth > 1) yield* listRefs({ depth: depth - 1, chunks: [...decodeList(await read(ref.id))] }, read);
  }
}
