import { asMusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openBox } from "../encrypt/box.ts";
import { headerLength } from "../encrypt/sealed-object.ts";
import { decodeFooter, type FooterSegment } from "../pack/footer.ts";
import { checkHeader, footerPlace, footerPosition, packBoxKey, packKey, trailerLength } from "../pack/layout.ts";
import type { Findings } from "./findings.ts";

/** A segment as the index knows it, for packs whose own footer is damaged. */
export type KnownSegment = Pick<FooterSegment, "offset" | "length" | "plainLength">;

/** Reads every byte of a pack, and notes each part that is wrong. Returns the bytes read. Throws when the store fails. */
export async function checkPack(
  domain: DomainContext,
  packId: Buffer,
  known: ReadonlyMap<number, KnownSegment>,
  found: Findings,
  signal: AbortSignal | undefined,
): Promise<number> {
  const pack = await readPack(domain, packId, signal);
  await checkPackBytes(domain, { packId, pack, known }, found);
  return pack.length;
}

/** All bytes of a pack, unchecked. */
export async function readPack(domain: DomainContext, packId: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
  const stored = await domain.store.get(packKey(domain, packId), { signal });
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
}

/** A pack in memory, with what is known of its segments in case that its own footer is damaged. */
export interface PackToCheck {
  readonly packId: Buffer;
  readonly pack: Buffer;
  readonly known: ReadonlyMap<number, KnownSegment>;
}

/** Notes each part of a pack that is wrong. Returns its footer, unless that is damaged. */
export async function checkPackBytes(
  domain: DomainContext,
  { packId, pack, known }: PackToCheck,
  found: Findings,
): Promise<readonly FooterSegment[] | undefined> {
  const key = packKey(domain, packId);
  await noting(found, key, async () => checkHeader(pack, packId, key));
  const footer = await noting(found, key, () => openFooter(domain, packId, pack, key));
  if (footer === undefined) {
    for (const [position, segment] of known) await checkSegment(domain, packId, pack, position, segment, found);
  } else {
    for (const [position, segment] of footer.entries()) {
      await checkSegment(domain, packId, pack, position, segment, found);
    }
  }
  return footer;
}

async function noting<T>(found: Findings, key: string, check: () => Promise<T>): Promise<T | undefined> {
  try {
    return await check();
  } catch (thrown) {
    found.add(key, asMusterError(thrown).message);
    return undefined;
  }
}

async function openFooter(domain: DomainContext, packId: Buffer, pack: Buffer, key: string): Promise<FooterSegment[]> {
  if (pack.length < headerLength + trailerLength) throw malformed(key, "is too short");
  const { offset, length } = footerPlace(pack.subarray(pack.length - trailerLength), pack.length, key);
  const box = pack.subarray(offset, offset + length);
  const segments = decodeFooter(await openBox(packBoxKey(domain, packId), footerPosition, box), key);
  const last = segments.at(-1);
  if (last !== undefined && last.offset + last.length !== offset) throw malformed(key, "has bytes between its parts");
  return segments;
}

async function checkSegment(
  domain: DomainContext,
  packId: Buffer,
  pack: Buffer,
  position: number,
  segment: KnownSegment | FooterSegment,
  found: Findings,
): Promise<void> {
  try {
    const box = pack.subarray(segment.offset, segment.offset + segment.length);
    const plain = await openBox(packBoxKey(domain, packId), position, box);
    let at = 0;
    for (const { id, length } of "chunks" in segment ? segment.chunks : []) {
      const chunk = plain.subarray(at, at + length);
      at += length;
      if (!domain.ids.of(chunk).equals(id))
        throw malformed(`box ${position}`, "holds a chunk that is not what its id says");
    }
  } catch (thrown) {
    found.addSegment(packKey(domain, packId), position, asMusterError(thrown).message);
  }
}
