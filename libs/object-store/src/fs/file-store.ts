import { mkdir, statfs, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MusterError, systemErrorCode, throwIfAborted } from "@muster/core";
import { checkKey, checkPrefix } from "../keys.ts";
import type { CallOptions, DeletableStore, ObjectStore } from "../port.ts";
import { directorySync } from "./durable.ts";
import { storeError } from "./errors.ts";
import { describe, listFiles } from "./list.ts";
import { createFile, putFile, removeStaged, type WriterState } from "./put.ts";
import { readFileRange } from "./read.ts";
import { pinRoot, type Root } from "./root.ts";
import { writeStream } from "./stream.ts";

/** Makes the directory (with its parents) if needed and opens it as a store. The path is absolute. */
export async function createFileStore(path: string): Promise<ObjectStore> {
  try {
    await mkdir(path, { recursive: true, mode: 0o750 });
  } catch (thrown) {
    throw storeError(thrown, `make the directory ${path}`);
  }
  await directorySync().sync(dirname(path));
  return openFileStore(path);
}

/** Opens an existing directory as a store. Throws `store-unavailable` when it is not there. */
export async function openFileStore(path: string): Promise<ObjectStore> {
  return fileStore(await pinRoot(path));
}

/** Like `openFileStore`, with `delete`; for the sweeper of the control plane only. */
export async function openDeletableFileStore(path: string): Promise<DeletableStore> {
  const root = await pinRoot(path);
  const names = directorySync();
  return {
    ...fileStore(root),
    async delete(key, options) {
      checkKey(key);
      throwIfAborted(options?.signal);
      const file = join(root.path, key);
      await unlink(file).catch((thrown: unknown) => {
        if (systemErrorCode(thrown) !== "ENOENT") throw storeError(thrown, `delete ${file}`);
        throw new MusterError("object-missing", `${key} is missing`, { cause: thrown });
      });
      await names.sync(dirname(file));
    },
  };
}

/** A store that also takes an object as a stream, without holding it in memory; the server of a vault has one. */
export interface StreamingStore extends ObjectStore {
  /**
   * Creates the object of `size` bytes from a stream. What the stream throws is thrown, and nothing is left then; who must
   * check the bytes does it in the stream, before its end. Throws `object-exists` if the key is taken.
   */
  putStream(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  /** Removes what a crash has left of writes that were last touched before then (milliseconds since the Unix epoch). */
  removeStaged(before: number): Promise<void>;
}

/** Like `openFileStore`, with `putStream`. */
export async function openStreamingFileStore(path: string): Promise<StreamingStore> {
  const root = await pinRoot(path);
  const writer = writerOf(root);
  return {
    ...fileStore(root, writer),
    async putStream(key, body, size) {
      checkKey(key);
      await root.check();
      await createFile(writer, key, (handle, path) => writeStream(handle, path, body, size));
    },
    removeStaged: (before) => removeStaged(root.path, before),
  };
}

function writerOf(root: Root): WriterState {
  return { root: root.path, names: directorySync(), known: new Set<string>() };
}

function fileStore(root: Root, writer = writerOf(root)): ObjectStore {
  const locate = (key: string, options: CallOptions | undefined): string => {
    checkKey(key);
    throwIfAborted(options?.signal);
    return join(root.path, key);
  };
  return {
    description: `directory ${root.path}`,
    async put(key, bytes, options) {
      locate(key, options);
      await root.check();
      await putFile(writer, key, bytes);
    },
    async get(key, options) {
      const path = locate(key, options);
      return readFileRange(path, key, options).catch(async (thrown: unknown) => {
        await root.check(); // a disk that is gone must not read as one object that is missing
        throw thrown;
      });
    },
    async head(key, options) {
      const path = locate(key, options);
      const found = await describe(path);
      if (found === undefined) await root.check();
      return found;
    },
    async *list(prefix, options) {
      checkPrefix(prefix);
      await root.check();
      yield* listFiles(root.path, prefix, options?.signal);
      await root.check();
    },
    async freeSpace() {
      await root.check();
      const { bavail, bsize } = await statfs(root.path);
      return bavail * bsize;
    },
  };
}
