import { createCipheriv, createDecipheriv } from "node:crypto";
import { MusterError } from "@muster/core";
import { compress, compressInPool, decompress, decompressSync, type Method } from "../compress/zstd.ts";
import { copyInto } from "../encoding/copy.ts";
import { deriveKey } from "./keys.ts";

export type SealedKind = "pack" | "index" | "manifest" | "domain" | "lease" | "sweep" | "log";

/** Bytes that a box is longer than what it holds: method, plain length, GCM tag. */
export const boxOverhead = 1 + 4 + 16;
const headerLength = 5;
const tagLength = 16;

/** The longest content of a box, against allocation attacks by forged lengths. */
const longestPlain = 256 * 2 ** 20;

/** What the boxes of one object are sealed with. */
export interface BoxKey {
  readonly key: Buffer;
  /** Binds a box to its repository, domain, kind and object. */
  readonly context: Buffer;
  /** For errors. */
  readonly what: string;
}

/** Whose objects are sealed: a domain of a repository, and its key. */
export interface SealOwner {
  readonly repositoryId: string;
  readonly name: string;
  readonly sealKey: Buffer;
}

/**
 * The key of one object, derived from its own random salt: so a box's nonce can be its position, and none repeats
 * under a key.
 */
export function boxKey(owner: SealOwner, kind: SealedKind, object: string, salt: Uint8Array): BoxKey {
  const context = ["muster/v1", owner.repositoryId, owner.name, kind, object].map((part) => `${part}\0`).join("");
  return {
    key: deriveKey(owner.sealKey, salt, `muster/v1/object/${kind}`),
    context: Buffer.from(context),
    what: `${kind} ${object} of domain ${owner.name}`,
  };
}

/** Compresses where that helps, and seals. `position` is unique within the object. */
export function sealBox(key: BoxKey, position: number, plain: Uint8Array, level: number): Buffer {
  const { method, body } = compress(plain, level);
  const box = Buffer.allocUnsafeSlow(boxOverhead + body.length);
  sealInto(box, key, position, { method, body, plainLength: plain.length });
  return box;
}

/** The same, compressed in libuv's pool. */
export async function sealBoxInPool(key: BoxKey, position: number, plain: Uint8Array, level: number): Promise<Buffer> {
  const { method, body } = await compressInPool(plain, level);
  const box = Buffer.allocUnsafeSlow(boxOverhead + body.length);
  sealInto(box, key, position, { method, body, plainLength: plain.length });
  return box;
}

/** The same into a buffer that has room for `plain.length + boxOverhead` bytes; returns how many the box has. */
export function sealBoxInto(buffer: Buffer, key: BoxKey, position: number, plain: Uint8Array, level: number): number {
  const { method, body } = compress(plain, level);
  return sealInto(buffer, key, position, { method, body, plainLength: plain.length });
}

interface Compressed {
  readonly method: Method;
  readonly body: Uint8Array;
  readonly plainLength: number;
}

function sealInto(box: Buffer, key: BoxKey, position: number, { method, body, plainLength }: Compressed): number {
  box.writeUInt8(method, 0);
  box.writeUInt32LE(plainLength, 1);
  const cipher = createCipheriv("aes-256-gcm", key.key, nonce(position), { authTagLength: tagLength });
  cipher.setAAD(associatedData(key, position, box));
  copyInto(box, headerLength, cipher.update(body));
  cipher.final();
  copyInto(box, headerLength + body.length, cipher.getAuthTag());
  return boxOverhead + body.length;
}

/** Opens a box. Throws `repository-corrupt` naming the object and position when a single bit of it is wrong. */
export async function openBox(key: BoxKey, position: number, box: Uint8Array): Promise<Buffer> {
  const { method, body, plainLength } = unseal(key, position, box);
  try {
    return await decompress(method, body, plainLength);
  } catch (cause) {
    throw damaged(key, position, "does not decompress", cause);
  }
}

/** The same in the caller's thread. */
export function openBoxSync(key: BoxKey, position: number, box: Uint8Array): Buffer {
  const { method, body, plainLength } = unseal(key, position, box);
  try {
    return decompressSync(method, body, plainLength);
  } catch (cause) {
    throw damaged(key, position, "does not decompress", cause);
  }
}

/** What a box holds, authenticated but not decompressed. */
function unseal(key: BoxKey, position: number, box: Uint8Array) {
  const bytes = Buffer.from(box.buffer, box.byteOffset, box.byteLength);
  if (bytes.length < boxOverhead) throw damaged(key, position, "is too short");
  const body = decrypt(key, position, bytes);
  const plainLength = bytes.readUInt32LE(1);
  if (plainLength > longestPlain) throw damaged(key, position, "claims to be too long");
  return { method: bytes.readUInt8(0) as Method, body, plainLength }; // authenticated; an unknown one is refused later
}

function decrypt(key: BoxKey, position: number, bytes: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key.key, nonce(position), { authTagLength: tagLength });
  decipher.setAAD(associatedData(key, position, bytes));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagLength));
  const body = decipher.update(bytes.subarray(headerLength, bytes.length - tagLength));
  try {
    decipher.final();
  } catch (cause) {
    throw damaged(key, position, "is damaged or was not sealed with this key", cause);
  }
  return body;
}

function nonce(position: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(position, 8);
  return bytes;
}

function associatedData({ context }: BoxKey, position: number, box: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(context.length + 4 + headerLength);
  context.copy(bytes);
  bytes.writeUInt32LE(position, context.length);
  box.copy(bytes, context.length + 4, 0, headerLength);
  return bytes;
}

function damaged({ what }: BoxKey, position: number, how: string, cause?: unknown): MusterError {
  return new MusterError("repository-corrupt", `box ${position} of ${what} ${how}`, { cause });
}
