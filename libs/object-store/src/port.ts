/** What a store says about an object. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** The store's own time of the write, in milliseconds since the Unix epoch. */
  readonly modified: number;
}

export interface CallOptions {
  /** Ends the call early with `cancelled`; what was not acknowledged may or may not be there. */
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions extends CallOptions {
  /** All of the object when left out. */
  readonly range?: ByteRange | undefined;
  /**
   * Memory of the caller's, from `alignedBuffer`, of `memoryFor` the range: a store may read into it and give a view of it, until the
   * caller uses it again. What is read so goes past the system's cache where it can.
   */
  readonly memory?: Uint8Array | undefined;
}

/** A part of an object; both in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * A place for immutable objects, the only thing a repository asks of its storage.
 *
 * Contract (the suite in `./testing` holds every adapter to it):
 * - Keys are relative POSIX paths of at most 512 characters; see `checkKey`. A bad key is `usage`.
 * - An object appears whole or not at all, whatever happens during `put`.
 * - When `put` resolves, the object survives a power failure, and so does its name.
 * - Nothing is ever overwritten: of two writers of one key exactly one succeeds, the other gets `object-exists`.
 * - A store that cannot be reached throws; it never looks empty.
 * - Errors: `object-exists`, `object-missing`, `disk-full`, `store-unavailable`, `repository-corrupt` (an object that is
 *   shorter than asked for), `cancelled`. `retryable` says whether the same call may succeed later.
 */
export interface ObjectStore {
  /** For people: kind and place, without credentials. */
  readonly description: string;
  /** `false`: of two writers of one key both may succeed, against the contract. An operator has accepted that. */
  readonly conditionalWrites?: false;
  /** Creates the object from the bytes (parts are joined in order). Throws `object-exists` if the key is taken. */
  put(key: string, bytes: Uint8Array | readonly Uint8Array[], options?: CallOptions): Promise<void>;
  /** The object's bytes, or exactly the range asked for. Throws `object-missing`. */
  get(key: string, options?: GetOptions): Promise<Uint8Array>;
  /** Size and time of the object, or undefined when there is none. */
  head(key: string, options?: CallOptions): Promise<Omit<ObjectInfo, "key"> | undefined>;
  /** Every object whose key starts with the prefix, in no promised order. A list that fails midway throws. */
  list(prefix: string, options?: CallOptions): AsyncIterable<ObjectInfo>;
  /** Bytes that can still be written, where the store knows it. */
  freeSpace?(): Promise<number | undefined>;
}

/**
 * A store that can also delete. Only the control plane's sweeper is given one, so that code of an agent cannot
 * delete: the type does not allow it.
 */
export interface DeletableStore extends ObjectStore {
  /** Removes the object durably. Throws `object-missing`, and `object-locked` while the store keeps it (Object Lock). */
  delete(key: string, options?: CallOptions): Promise<void>;
}

/** The parts of a `put` as a list. */
export function partsOf(bytes: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

/** The number of bytes in all parts of a `put`. */
export function totalLength(bytes: Uint8Array | readonly Uint8Array[]): number {
  return partsOf(bytes).reduce((sum, part) => sum + part.byteLength, 0);
}
