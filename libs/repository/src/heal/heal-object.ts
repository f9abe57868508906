import { asMusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { putPack, readWholePack } from "../copy/copy-packs.ts";
import { markerKey } from "../domain-key.ts";
import { sealObject } from "../encrypt/sealed-object.ts";
import { writeIndex } from "../index/index-object.ts";
import { packIdOf } from "../index/load-index.ts";
import { openManifest } from "../manifest/manifest.ts";
import { packKey } from "../pack/layout.ts";
import { markDamaged } from "./damage-marks.ts";
import { newHealedKey } from "./healed-key.ts";
import { readHealthy } from "./read-healthy.ts";
import { uncoveredPacks } from "./uncovered-packs.ts";

export interface HealSource {
  readonly name: string;
  readonly domain: DomainContext;
}

/** Where a healed object came from. */
export interface Healed {
  readonly from?: string;
}

/** Puts a whole object in the place of a damaged or missing one; undefined when it cannot be had. */
export async function healObject(
  domain: DomainContext,
  copies: readonly HealSource[],
  key: string,
  signal: AbortSignal | undefined,
): Promise<Healed | undefined> {
  const { prefix } = domain;
  if (key.startsWith(`${prefix}packs/`)) return healPack(domain, copies, key, signal);
  if (key.startsWith(`${prefix}points/`)) return healManifest(domain, copies, key, signal);
  if (key.startsWith(`${prefix}index/`)) return replaceIndex(domain, key, signal);
  if (key === markerKey(domain.name)) return healMark(domain, key, signal);
  return undefined;
}

async function healPack(
  domain: DomainContext,
  copies: readonly HealSource[],
  key: string,
  signal: AbortSignal | undefined,
): Promise<Healed | undefined> {
  const packId = packIdOf(key);
  if (packId === undefined || packKey(domain, packId) !== key) return undefined; // no pack, whatever it is
  for (const copy of copies) {
    const found = await orNothing(() => readWholePack(copy.domain, packId, signal));
    if (found === undefined) continue;
    const taken = (await domain.store.head(key, { signal })) !== undefined;
    await putPack(domain, packId, { pack: found.pack, taken, signal });
    return { from: copy.name };
  }
  await markDamaged(domain, packId);
  return undefined;
}

async function healManifest(
  domain: DomainContext,
  copies: readonly HealSource[],
  key: string,
  signal: AbortSignal | undefined,
): Promise<Healed | undefined> {
  const open = async (from: DomainContext): Promise<Uint8Array> => {
    const bytes = await from.store.get(key, { signal });
    await openManifest(from, key.slice(`${domain.prefix}points/`.length), bytes);
    return bytes;
  };
  // What was healed before stands in for the damaged one, which is still there.
  const read = (from: DomainContext): Promise<Uint8Array | undefined> =>
    orNothing(() => readHealthy(from, key, () => open(from)));
  if ((await read(domain)) !== undefined) return undefined; // it is named for its content, of which something is missing
  for (const copy of copies) {
    const sealed = await read(copy.domain);
    if (sealed === undefined) continue;
    await domain.store.put(newHealedKey(domain.prefix, key), sealed, { signal });
    return { from: copy.name };
  }
  return undefined;
}

/** An index says nothing that the footers of the packs do not say too. */
async function replaceIndex(
  domain: DomainContext,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Healed | undefined> {
  const packs = await uncoveredPacks(domain);
  await writeIndex(domain, { supersedes: [key.slice(key.lastIndexOf("/") + 1)], packs }, signal);
  return {};
}

/** The mark of a domain says only its name. */
async function healMark(domain: DomainContext, key: string, signal: AbortSignal | undefined): Promise<Healed> {
  const sealed = await sealObject(domain, "domain", domain.name, Buffer.from(domain.name));
  await domain.store.put(newHealedKey(domain.prefix, key), sealed, { signal });
  return {};
}

/** What a copy cannot give, another one may: damaged or missing there, or not to be reached. */
async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const { code } = asMusterError(thrown);
    if (["repository-corrupt", "object-missing", "store-unavailable"].includes(code)) return undefined;
    throw thrown;
  }
}
