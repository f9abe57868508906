import type { DomainContext } from "../../context.ts";
import { healedFolder, originalOf } from "../../heal/healed-key.ts";
import { packIdOf } from "../../index/load-index.ts";
import { checkPackBytes } from "../../verify/check-pack.ts";
import { findings } from "../../verify/findings.ts";
import type { SimObject, SimStore } from "./sim-store.ts";

/** What each pack holds: ids of chunks in hex. A pack with anything wrong holds nothing. */
export interface WholePacks {
  /** Every object that is a pack or stands in for one, with what it holds. */
  all(): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  of(key: string): Promise<ReadonlySet<string>>;
}

/** Looks into packs as they are in the store; an object is looked into once. */
export function wholePacks(domain: DomainContext, { objects }: Pick<SimStore, "objects">): WholePacks {
  const known = new WeakMap<SimObject, ReadonlySet<string>>();
  const of = async (key: string): Promise<ReadonlySet<string>> => {
    const object = objects.get(key);
    if (object === undefined) return new Set();
    const held = known.get(object) ?? (await heldBy(domain, packOf(domain, key), object.bytes));
    known.set(object, held);
    return held;
  };
  return {
    of,
    async all() {
      const found = new Map<string, ReadonlySet<string>>();
      for (const key of objects.keys()) if (isPack(domain, key)) found.set(key, await of(key));
      return found;
    },
  };
}

function isPack({ prefix }: DomainContext, key: string): boolean {
  return key.startsWith(`${prefix}packs/`) || key.startsWith(`${healedFolder(prefix)}packs/`);
}

function packOf({ prefix }: DomainContext, key: string): Buffer {
  const original = key.startsWith(healedFolder(prefix)) ? originalOf(prefix, key) : key;
  return packIdOf(original) ?? Buffer.alloc(16);
}

async function heldBy(domain: DomainContext, packId: Buffer, pack: Buffer): Promise<ReadonlySet<string>> {
  const found = findings();
  const segments = await checkPackBytes(domain, { packId, pack, known: new Map() }, found);
  if (segments === undefined || found.damage().length > 0) return new Set();
  return new Set(segments.flatMap(({ chunks }) => chunks.map(({ id }) => Buffer.from(id).toString("hex"))));
}
