import { MusterError } from "@muster/core";
import type { ByteRange, DeletableStore, ObjectInfo } from "@muster/object-store";
import { partsOf } from "@muster/object-store";
import type { Random } from "../random.ts";

export interface SimObject {
  readonly bytes: Buffer;
  readonly modified: number;
}

/** What the store holds, and what its lists still show of the past. */
export interface SimStore {
  readonly objects: ReadonlyMap<string, SimObject>;
  /** Carries out a call at once, as the server does. */
  readonly server: DeletableStore;
  /** The same, with lists that do not lag. */
  readonly present: DeletableStore;
  /** Whether packs or points came or went since it was asked last. */
  takeDirty(): boolean;
  /** The bytes of objects before they were damaged. */
  readonly originals: ReadonlyMap<string, Buffer>;
  /** What a disk does that fails: other bytes, or none, under the same key and time. */
  damage(key: string, bytes: Buffer | undefined): void;
}

/** For how long lists may lag, in milliseconds of the simulated time: less than half the grace of the model's sweeps. */
export const longestLag = 20_000;

/**
 * A server with conditional writes, whose `get` and `head` tell the present. Its lists may leave out what is younger than the lag,
 * and show what was deleted within it.
 */
export function simStore(now: () => number, random: Random): SimStore {
  const objects = new Map<string, SimObject>();
  const gone = new Map<string, { readonly info: ObjectInfo; readonly at: number }>();
  const originals = new Map<string, Buffer>();
  let dirty = false;
  const find = (key: string): SimObject => {
    const found = objects.get(key);
    if (found === undefined) throw new MusterError("object-missing", `${key} is missing`);
    return found;
  };
  const touch = (key: string): void => {
    if (/\/(packs|points)\//.test(key)) dirty = true;
  };
  const server: DeletableStore = {
    description: "a simulated store",
    async put(key, bytes) {
      if (objects.has(key)) throw new MusterError("object-exists", `${key} exists already`);
      objects.set(key, { bytes: Buffer.concat(partsOf(bytes)), modified: now() });
      touch(key);
    },
    get: async (key, options) => part(find(key).bytes, options?.range),
    async head(key) {
      const found = objects.get(key);
      return found === undefined ? undefined : { size: found.bytes.length, modified: found.modified };
    },
    async *list(prefix) {
      const isSeen = viewOf(now(), random);
      for (const [key, { bytes, modified }] of [...objects]) {
        if (key.startsWith(prefix) && isSeen(modified)) yield { key, size: bytes.length, modified };
      }
      for (const [key, { info, at }] of [...gone]) {
        if (now() - at >= longestLag) gone.delete(key);
        else if (key.startsWith(prefix) && !objects.has(key) && !isSeen(at)) yield info;
      }
    },
    async delete(key) {
      const { bytes, modified } = find(key);
      objects.delete(key);
      gone.set(key, { info: { key, size: bytes.length, modified }, at: now() });
      touch(key);
    },
  };
  const present: DeletableStore = {
    ...server,
    async *list(prefix) {
      for (const [key, { bytes, modified }] of [...objects]) {
        if (key.startsWith(prefix)) yield { key, size: bytes.length, modified };
      }
    },
  };
  return {
    objects,
    originals,
    server,
    present,
    takeDirty() {
      const was = dirty;
      dirty = false;
      return was;
    },
    damage(key, bytes) {
      originals.set(key, originals.get(key) ?? find(key).bytes);
      if (bytes === undefined) objects.delete(key);
      else objects.set(key, { bytes, modified: find(key).modified });
      dirty = true;
    },
  };
}

/** Whether a list tells what happened at a time: it may know all, all until some moment within the lag, or this and not that. */
function viewOf(now: number, random: Random): (at: number) => boolean {
  const mood = random.below(3);
  if (mood === 0) return () => true;
  const until = now - random.below(longestLag);
  return (at) => now - at >= longestLag || (mood === 1 ? at <= until : random.below(3) > 0);
}

function part(bytes: Buffer, range: ByteRange | undefined): Buffer {
  return range === undefined
    ? Buffer.from(bytes)
    : Buffer.from(bytes.subarray(range.offset, range.offset + range.length));
}
