import { MusterError, mapLimit } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { newHealedKey } from "../heal/healed-key.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import { type IndexedPack, writeIndex } from "../index/index-object.ts";
import { encodeFooter } from "../pack/footer.ts";
import { packKey, readFooter } from "../pack/layout.ts";
import { checkPackBytes, readPack } from "../verify/check-pack.ts";
import { findings } from "../verify/findings.ts";
import type { Pace } from "./pace.ts";

/** Packs that are on their way at once, and bytes that they take together. */
const mostPacks = 4;
const mostBytes = 64 * 2 ** 20;
/** Packs that one index object speaks of. */
const packsPerIndex = 64;

export interface PackToCopy {
  readonly packId: Buffer;
  readonly size: number;
  /** The target has it in full, but no index of the target speaks of it: a copy was interrupted there. */
  readonly stored: boolean;
  /** Its own name is taken in the target by a damaged pack. */
  readonly taken: boolean;
}

export interface PackCopy {
  readonly from: DomainContext;
  readonly to: DomainContext;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  /** Whether another pack may be begun. */
  mayGoOn(): boolean;
  onPack(bytes: number): void;
}

/**
 * Copies packs byte for byte after checking every chunk of them, several at once, each batch with its index behind it. Returns false
 * when `mayGoOn` ended it. Throws `repository-corrupt` for a pack that is damaged wherever it is, and failures of the stores.
 */
export async function copyPacks(run: PackCopy, packs: readonly PackToCopy[]): Promise<boolean> {
  for (let start = 0; start < packs.length; start += packsPerIndex) {
    const batch = packs.slice(start, start + packsPerIndex);
    const largest = Math.max(...batch.map(({ size }) => size));
    const limit = Math.max(1, Math.min(mostPacks, Math.floor(mostBytes / largest)));
    const copied = await mapLimit(batch, limit, async (pack) => {
      if (!run.mayGoOn()) return [];
      return [pack.stored ? await storedPack(run, pack) : await copyPack(run, pack)];
    });
    const done = copied.flat();
    if (done.length > 0) await writeIndex(run.to, { supersedes: [], packs: done }, run.signal);
    if (done.length < batch.length) return false;
  }
  return true;
}

async function storedPack({ to }: PackCopy, { packId, size }: PackToCopy): Promise<IndexedPack> {
  return { packId, size, footer: await readFooter(to, packId, size) };
}

async function copyPack(run: PackCopy, { packId, size, taken }: PackToCopy): Promise<IndexedPack> {
  const { from, to, signal } = run;
  const { pack, footer } = await readWholePack(from, packId, signal);
  if (pack.length !== size) throw malformed(packKey(from, packId), `has ${pack.length} bytes, ${size} were stored`);
  await run.pace(pack.length, signal);
  await putPack(to, packId, { pack, taken, signal });
  run.onPack(pack.length);
  return { packId, size, footer };
}

/** Reads a pack from the first place that has it whole; every chunk is checked against its id. */
export function readWholePack(
  domain: DomainContext,
  packId: Buffer,
  signal?: AbortSignal,
): Promise<{ readonly pack: Buffer; readonly footer: Buffer }> {
  const key = packKey(domain, packId);
  return readHealthy(domain, key, async () => {
    const pack = await readPack(domain, packId, signal);
    const found = findings();
    const segments = await checkPackBytes(domain, { packId, pack, known: new Map() }, found);
    const [damage] = found.damage();
    if (segments === undefined || damage !== undefined) throw malformed(key, damage?.message ?? "has no footer");
    return { pack, footer: encodeFooter(segments) };
  });
}

/** Stores a whole pack, under another name when its own is taken; nothing is ever overwritten. */
export async function putPack(
  domain: DomainContext,
  packId: Uint8Array,
  {
    pack,
    taken,
    signal,
  }: { readonly pack: Buffer; readonly taken: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const key = packKey(domain, packId);
  try {
    await domain.store.put(taken ? newHealedKey(domain.prefix, key) : key, pack, { signal });
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
    const size = (await domain.store.head(key, { signal }))?.size; // another copier was faster
    if (size !== pack.length) await domain.store.put(newHealedKey(domain.prefix, key), pack, { signal });
  }
}
