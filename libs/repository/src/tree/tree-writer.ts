import { byteWriter } from "../encoding/byte-writer.ts";
import { pathToBytes } from "../encoding/path.ts";
import type { ChunkRef, Content, Entry } from "../types.ts";
import { contentBuilder } from "./chunk-list.ts";
import { appendEntry, type EncodedEntry } from "./entry-codec.ts";

/** Bytes of entries in one leaf: at most, and at least unless it is the last. */
const most = 256 * 1024;
const least = 16 * 1024;

/** Turns the entries of a point into content of its own: leaves that are chunks, so that unchanged parts are shared. */
export interface TreeWriter {
  /** Wait for what it returns, if anything: a leaf is being stored. */
  add(entry: Entry | EncodedEntry): Promise<void> | undefined;
  finish(): Promise<Content>;
}

export function treeWriter(store: (plain: Buffer) => Promise<ChunkRef>): TreeWriter {
  const leaf = byteWriter(most);
  const content = contentBuilder(async (list) => (await store(list)).id);
  let queue: Promise<void> = Promise.resolve();
  const cut = async (): Promise<void> => {
    if (leaf.length === 0) return;
    const bytes = Buffer.from(leaf.view());
    leaf.reset();
    const ref = store(bytes);
    queue = queue.then(async () => content.add(await ref)); // leaves stay in order though callers overlap
    await queue;
  };
  return {
    add(entry) {
      appendEntry(leaf, entry);
      return leaf.length >= most || (leaf.length >= least && endsLeaf(entry.path)) ? cut() : undefined;
    },
    async finish() {
      await cut();
      await queue;
      return content.finish();
    },
  };
}

/** One path in 128 ends a leaf, always the same ones, so that a new file moves no boundary but its own. */
function endsLeaf(path: string): boolean {
  let hash = 0x811c9dc5; // FNV-1a
  for (const byte of pathToBytes(path)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 25 === 0;
}
