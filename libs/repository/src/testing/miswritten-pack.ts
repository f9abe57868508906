import { asMusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { openBox, sealBox } from "../encrypt/box.ts";
import { packIdOf } from "../index/load-index.ts";
import { decodeFooter } from "../pack/footer.ts";
import { footerPlace, footerPosition, packBoxKey, trailerLength } from "../pack/layout.ts";

/**
 * A pack as a fault of memory makes it between a chunk's id and its sealing: every seal holds, but the first chunk's content is another.
 * Undefined when the pack is damaged, or its first segment would not fit any more.
 */
export async function miswrittenPack(domain: DomainContext, key: string, pack: Buffer): Promise<Buffer | undefined> {
  try {
    const boxKey = packBoxKey(domain, packIdOf(key) ?? Buffer.alloc(16));
    const place = footerPlace(pack.subarray(pack.length - trailerLength), pack.length, key);
    const footer = await openBox(boxKey, footerPosition, pack.subarray(place.offset, place.offset + place.length));
    const [segment] = decodeFooter(footer, key);
    if (segment === undefined) return undefined;
    const { offset, length } = segment;
    const plain = Buffer.from(await openBox(boxKey, 0, pack.subarray(offset, offset + length)));
    plain.writeUInt8((plain[0] ?? 0) ^ 4, 0);
    const box = [1, 2, 3].map((level) => sealBox(boxKey, 0, plain, level)).find((one) => one.length === length);
    return box === undefined
      ? undefined
      : Buffer.concat([pack.subarray(0, offset), box, pack.subarray(offset + length)]);
  } catch (thrown) {
    if (asMusterError(thrown).code === "repository-corrupt") return undefined;
    throw thrown;
  }
}
