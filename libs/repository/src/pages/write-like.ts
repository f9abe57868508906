import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";
import { breather, throwIfAborted } from "@muster/core";
import type { ChunkIds } from "../chunk/chunk-id.ts";
import { chunkSizes } from "../chunk/cut.ts";
import type { ChunkReader } from "../read/chunk-reader.ts";
import type { FileToWrite, WriteFilesOptions } from "../read/types.ts";
import { restoreError } from "../restore/errors.ts";
import { createFile, fileMeta, finishFile, writeAll } from "../restore/new-file.ts";
import { dataRefs } from "../tree/chunk-list.ts";

interface LikeSource {
  readonly ids: ChunkIds;
  readonly chunks: ChunkReader;
}

/**
 * Makes a new file from another on the same disk that is much like it: that one is copied, by sharing its blocks where the file system
 * can, then every chunk is compared by its id, and only those that differ are read from the store. The result is as sure as without: each
 * chunk in it has the right id. Gives the bytes that were kept.
 */
export async function writeLike(
  { ids, chunks }: LikeSource,
  { entry, content, path, ownership }: FileToWrite,
  like: string,
  { signal, onBytes, onFile }: WriteFilesOptions,
): Promise<number> {
  const breathe = breather(20);
  const descriptor = orRestoreError(path, () => copyOf(like, path));
  let position = 0;
  let kept = 0;
  try {
    for await (const { id, length } of dataRefs(content.content, chunks.read)) {
      throwIfAborted(signal);
      await breathe();
      if (holds(descriptor, position, length, (bytes) => ids.of(bytes).equals(id))) kept += length;
      else {
        const bytes = await chunks.read(id);
        orRestoreError(path, () => writeAll(descriptor, bytes, position));
      }
      position += length;
      onBytes?.(length);
    }
    orRestoreError(path, () => ftruncateSync(descriptor, position));
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
  finishFile(descriptor, path, fileMeta(entry, ownership));
  onFile?.();
  return kept;
}

/** A copy that can be read and written; an empty file where the other cannot be copied, for it may lie on a failing disk. */
function copyOf(like: string, path: Uint8Array): number {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW;
  const place = Buffer.from(path);
  try {
    if (lstatSync(like).isFile()) {
      copyFileSync(like, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      return openSync(place, flags);
    }
  } catch (thrown) {
    if (isTaken(thrown)) throw thrown;
    rmSync(place, { force: true }); // what a copy that failed has left
  }
  closeSync(createFile(place));
  return openSync(place, flags);
}

function isTaken(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && (thrown.code === "EEXIST" || thrown.code === "ENOSPC");
}

const scratch = Buffer.allocUnsafeSlow(chunkSizes.longest);

/** Whether a part of the file is what is wanted; a part that cannot be read is not. Nothing is awaited, so all share one buffer. */
function holds(descriptor: number, position: number, length: number, isWanted: (bytes: Buffer) => boolean): boolean {
  if (fstatSync(descriptor).size < position + length) return false;
  try {
    for (let read = 0; read < length; ) {
      const count = readSync(descriptor, scratch, read, length - read, position + read);
      if (count === 0) return false;
      read += count;
    }
  } catch {
    return false;
  }
  return isWanted(scratch.subarray(0, length));
}

function orRestoreError<T>(path: Uint8Array, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw restoreError(thrown, Buffer.from(path).toString());
  }
}
