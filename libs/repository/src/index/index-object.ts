import { randomBytes } from "node:crypto";
import type { DomainContext } from "../context.ts";
import { byteReader, malformed } from "../encoding/byte-reader.ts";
import { byteWriter } from "../encoding/byte-writer.ts";
import { openObject, sealObject } from "../encrypt/sealed-object.ts";
import { readHealthy } from "../heal/read-healthy.ts";

export const packIdLength = 16;
const indexIdLength = 16;

/** What an index object says about one pack: its size in bytes, and its footer, unchanged. */
export interface IndexedPack {
  readonly packId: Buffer;
  readonly size: number;
  readonly footer: Buffer;
}

export interface IndexObject {
  /** Ids (hex) of index objects whose content this one contains; readers skip those. */
  readonly supersedes: readonly string[];
  readonly packs: readonly IndexedPack[];
}

export function encodeIndex({ supersedes, packs }: IndexObject): Buffer {
  const writer = byteWriter(65_536);
  writer.u32(supersedes.length);
  for (const id of supersedes) writer.bytes(Buffer.from(id, "hex"));
  writer.u32(packs.length);
  for (const { packId, size, footer } of packs) {
    writer.bytes(packId);
    writer.u32(size);
    writer.u32(footer.length);
    writer.bytes(footer);
  }
  return Buffer.from(writer.view());
}

/** Throws `repository-corrupt`. */
export function decodeIndex(bytes: Uint8Array, what: string): IndexObject {
  const reader = byteReader(bytes, what);
  const supersedes: string[] = [];
  for (let count = reader.u32(); count > 0; count--) supersedes.push(reader.bytes(indexIdLength).toString("hex"));
  const packs: IndexedPack[] = [];
  for (let count = reader.u32(); count > 0; count--) {
    packs.push({ packId: reader.bytes(packIdLength), size: reader.u32(), footer: reader.bytes(reader.u32()) });
  }
  if (reader.left > 0) throw malformed(what, "has bytes after its end");
  return { supersedes, packs };
}

/** Stores an index of packs that are durable already; returns its size in bytes. */
export async function writeIndex(
  domain: DomainContext,
  content: IndexObject,
  signal: AbortSignal | undefined,
): Promise<number> {
  const id = randomBytes(indexIdLength).toString("hex");
  const sealed = await sealObject(domain, "index", id, encodeIndex(content));
  await domain.store.put(`${domain.prefix}index/${id}`, sealed, { signal });
  return sealed.length;
}

/** Reads the index object of that id. Throws `repository-corrupt`, `object-missing`. */
export async function readIndex(domain: DomainContext, id: string): Promise<IndexObject> {
  const key = `${domain.prefix}index/${id}`;
  const plain = await readHealthy(domain, key, async () =>
    openObject(domain, "index", id, await domain.store.get(key)),
  );
  return decodeIndex(plain, `index ${id} of domain ${domain.name}`);
}
