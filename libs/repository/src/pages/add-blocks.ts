import { asMusterError, throwIfAborted } from "@muster/core";
import { lengthOf } from "../tree/chunk-list.ts";
import type { PreviousPoint } from "../write/previous-point.ts";
import { metaOf, type Sink, statFile } from "../write/store-file.ts";
import type { FoundOutcome } from "../write/store-found.ts";
import type { BlockFile, StoredBlocks } from "../write/types.ts";
import { blockStore, type StoredBlockFile } from "./store-blocks.ts";

export interface BlockSource {
  readonly sink: Sink;
  readonly previous: PreviousPoint;
  /** Told about every file that was not read. */
  readonly onUnchanged: (bytes: number) => void;
}

type Outcome = FoundOutcome & StoredBlocks;

/** Stores files in blocks, one after the other. It throws only what does not come from the disk. */
export function blockAdder(source: BlockSource): (files: readonly BlockFile[]) => Promise<Outcome[]> {
  const { previous, sink, onUnchanged } = source;
  const store = blockStore(sink);
  const unchanged = async (file: BlockFile): Promise<Outcome | undefined> => {
    if (!file.reuse) return undefined;
    const stats = statFile(file.absolutePath);
    await previous.seek(file.path);
    const entry = await previous.unchanged(file.path, stats);
    if (entry === undefined) return undefined;
    const bytes = Number(stats.size);
    onUnchanged(bytes);
    return { entry, bytes, unchanged: true, changed: false, badPages: [] };
  };
  const addOne = async (file: BlockFile): Promise<Outcome> => {
    const known = await unchanged(file);
    if (known !== undefined) return known;
    return outcomeOf(file.path, await store(file));
  };
  return async (files) => {
    const outcomes: Outcome[] = [];
    for (const file of files) {
      throwIfAborted(sink.signal);
      outcomes.push(await addOne(file).catch(failed));
    }
    return outcomes;
  };
}

function outcomeOf(path: string, { stats, content, changed, badPages }: StoredBlockFile): Outcome {
  const { mode, uid, gid } = metaOf(stats);
  const stamp = changed ? {} : { stamp: { ctimeNs: stats.ctimeNs, inode: stats.ino } };
  const size = lengthOf(content.chunks);
  const entry = { type: "file" as const, path, mode, uid, gid, mtimeNs: stats.mtimeNs, size, content, ...stamp };
  return { entry, bytes: size, unchanged: false, changed, badPages };
}

/** What the disk failed with, as an outcome; throws what does not come from the disk. */
function failed(thrown: unknown): Outcome {
  const failure = asMusterError(thrown);
  if (failure.code !== "not-found" && failure.code !== "source-failed") throw thrown;
  return { bytes: 0, unchanged: false, changed: false, badPages: [], failure };
}
