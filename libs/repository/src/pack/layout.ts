import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { type BoxKey, boxKey, openBox, type SealOwner } from "../encrypt/box.ts";
import { checkMagic, headerLength } from "../encrypt/sealed-object.ts";
import { readHealthy } from "../heal/read-healthy.ts";

/** The position of a pack's footer box; segments count from 0. */
export const footerPosition = 0xffffffff;
/** At the very end of a pack: the length of the footer box (u32), then this. */
export const trailerMagic = Buffer.from("MSTREND1", "latin1");
export const trailerLength = 4 + trailerMagic.length;

export function packKey(domain: DomainContext, packId: Uint8Array): string {
  const hex = Buffer.from(packId).toString("hex");
  return `${domain.prefix}packs/${hex.slice(0, 2)}/${hex}`;
}

/** A pack's id is the salt of its key, so a reader needs no more than the id to open a segment. */
export function packBoxKey(domain: SealOwner, packId: Uint8Array): BoxKey {
  return boxKey(domain, "pack", Buffer.from(packId).toString("hex"), packId);
}

/** Where the footer box of a pack lies, by its last bytes. Throws `repository-corrupt`. */
export function footerPlace(trailer: Buffer, packSize: number, what: string): { offset: number; length: number } {
  if (!trailer.subarray(4).equals(trailerMagic)) throw malformed(what, "has no end mark");
  const length = trailer.readUInt32LE(0);
  const offset = packSize - trailerLength - length;
  if (offset < headerLength) throw malformed(what, "has a footer longer than itself");
  return { offset, length };
}

/** Reads and opens the footer of a stored pack of a known size. */
export async function readFooter(domain: DomainContext, packId: Uint8Array, packSize: number): Promise<Buffer> {
  return (await findFooter(domain, packId, packSize)).footer;
}

/** The same with the pack's size where it is whole: one that was cut short is listed with another than what stands in for it. */
export function findFooter(
  domain: DomainContext,
  packId: Uint8Array,
  listedSize: number,
): Promise<{ readonly footer: Buffer; readonly size: number }> {
  const key = packKey(domain, packId);
  let size: number | undefined;
  return readHealthy(domain, key, async () => {
    size = size === undefined ? listedSize : ((await domain.store.head(key))?.size ?? 0);
    return { size, footer: await readFooterOnce(domain, { key, packId, packSize: size }) };
  });
}

async function readFooterOnce(
  domain: DomainContext,
  { key, packId, packSize }: { key: string; packId: Uint8Array; packSize: number },
): Promise<Buffer> {
  if (packSize < headerLength + trailerLength) throw malformed(key, "is too short");
  const trailer = await domain.store.get(key, {
    range: { offset: packSize - trailerLength, length: trailerLength },
  });
  const range = footerPlace(asBuffer(trailer), packSize, key);
  return openBox(packBoxKey(domain, packId), footerPosition, await domain.store.get(key, { range }));
}

/** Throws `repository-corrupt` unless the pack begins with its magic and its own id. */
export function checkHeader(pack: Buffer, packId: Uint8Array, what: string): void {
  checkMagic(pack, "pack", what);
  if (!pack.subarray(8, headerLength).equals(packId)) throw malformed(what, "carries the id of another pack");
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
