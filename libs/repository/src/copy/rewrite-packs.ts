import type { DomainContext } from "../context.ts";
import { openBox } from "../encrypt/box.ts";
import { damagedPacks } from "../heal/damage-marks.ts";
import { loadStoredIndex } from "../index/load-index.ts";
import type { Lease } from "../lease/hold.ts";
import { decodeFooter } from "../pack/footer.ts";
import { packBoxKey, packKey } from "../pack/layout.ts";
import { chunkWriter } from "../write/chunk-writer.ts";
import { readWholePack } from "./copy-packs.ts";
import type { Pace } from "./pace.ts";

export interface Rewrite {
  readonly from: DomainContext;
  readonly to: DomainContext;
  readonly lease: Lease;
  readonly pace: Pace;
  /** Whether another pack may be begun. */
  mayGoOn(): boolean;
  onPack(bytes: number): void;
}

/**
 * Stores what is in packs that the target's sweeps may delete under their names, at any time and with all that stands in for them: as a
 * backup does, in packs of new names, and only the chunks that no other pack of the target has. Returns false when
 * `mayGoOn` ended it. Throws `repository-corrupt` for a pack that is damaged wherever it is.
 */
export async function rewritePacks(run: Rewrite, packIds: readonly Buffer[]): Promise<boolean> {
  if (packIds.length === 0) return true;
  const { to, lease } = run;
  const index = await loadStoredIndex(to, [...lease.avoid, ...(await damagedPacks(to))]);
  const writer = chunkWriter(to, index, { level: 3, readBack: "sample", signal: lease.signal });
  try {
    for (const packId of packIds) {
      if (!run.mayGoOn()) return false;
      await rewritePack(run, packId, writer);
    }
    await writer.finish();
    return true;
  } finally {
    await writer.settle();
  }
}

async function rewritePack(
  { from, lease, pace, onPack }: Rewrite,
  packId: Buffer,
  writer: ReturnType<typeof chunkWriter>,
): Promise<void> {
  const { pack, footer } = await readWholePack(from, packId, lease.signal);
  await pace(pack.length, lease.signal);
  for (const [position, { offset, length, chunks }] of decodeFooter(footer, packKey(from, packId)).entries()) {
    const plain = await openBox(packBoxKey(from, packId), position, pack.subarray(offset, offset + length));
    let at = 0;
    for (const { length: bytes } of chunks) {
      writer.store(plain.subarray(at, at + bytes));
      at += bytes;
      await writer.room();
    }
  }
  onPack(pack.length);
}
