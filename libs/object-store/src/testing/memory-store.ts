import { MusterError, throwIfAborted } from "@muster/core";
import { shortObject } from "../fs/read.ts";
import { checkKey, checkPrefix } from "../keys.ts";
import { type DeletableStore, partsOf } from "../port.ts";

export interface MemoryStore extends DeletableStore {
  /** The objects themselves, for tests that damage or inspect them. */
  readonly objects: Map<string, Buffer>;
  /** When each was written, by the store's clock. */
  readonly written: Map<string, number>;
}

/**
 * A store in memory; give the objects of another to get a second one over the same content. Without a clock its time goes
 * on by one millisecond with each write.
 */
export function memoryStore(
  objects: Map<string, Buffer> = new Map(),
  now?: () => number,
  written: Map<string, number> = new Map(),
): MemoryStore {
  const missing = (key: string) => new MusterError("object-missing", `${key} is missing`);
  let ticks = 0;
  return {
    description: "memory",
    objects,
    written,
    async put(key, bytes, options) {
      checkKey(key);
      throwIfAborted(options?.signal);
      if (objects.has(key)) throw new MusterError("object-exists", `${key} exists already`);
      objects.set(key, Buffer.concat(partsOf(bytes)));
      written.set(key, now?.() ?? ++ticks);
    },
    async get(key, options) {
      checkKey(key);
      throwIfAborted(options?.signal);
      const found = objects.get(key);
      if (found === undefined) throw missing(key);
      const { offset, length } = options?.range ?? { offset: 0, length: found.length };
      if (offset + length > found.length) throw shortObject(key, offset + length, found.length);
      return Buffer.from(found.subarray(offset, offset + length));
    },
    async head(key, options) {
      checkKey(key);
      throwIfAborted(options?.signal);
      const found = objects.get(key);
      return found === undefined ? undefined : { size: found.length, modified: written.get(key) ?? 0 };
    },
    async *list(prefix, options) {
      checkPrefix(prefix);
      throwIfAborted(options?.signal);
      for (const [key, bytes] of [...objects]) {
        if (key.startsWith(prefix)) yield { key, size: bytes.length, modified: written.get(key) ?? 0 };
      }
    },
    async delete(key) {
      checkKey(key);
      if (!objects.delete(key)) throw missing(key);
    },
  };
}
