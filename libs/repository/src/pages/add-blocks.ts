import { throwIfAborted } from "@muster/core";
import type { BlockFile, StoredBlocks } from "../types.ts";
import type { PreviousPoint } from "../write/previous-point.ts";
import { type Sink, statFile } from "../write/store-file.ts";
import { type FoundOutcome, failed, readOutcome } from "../write/store-found.ts";
import { blockStore } from "./store-blocks.ts";

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
    const { badPages, ...stored } = await store(file);
    return { ...readOutcome(file.path, stored), badPages };
  };
  return async (files) => {
    const outcomes: Outcome[] = [];
    for (const file of files) {
      throwIfAborted(sink.signal);
      outcomes.push(await addOne(file).catch((thrown) => ({ ...failed(thrown), badPages: [] })));
    }
    return outcomes;
  };
}
