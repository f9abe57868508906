import type { DomainContext } from "../../context.ts";
import { loadStoredIndex } from "../../index/load-index.ts";
import { listPointKeys, type PointKey, readManifest } from "../../manifest/points.ts";
import { chunkReader } from "../../read/chunk-reader.ts";
import { entriesOf } from "../../read/point-reader.ts";
import { dataRefs, listRefs } from "../../tree/chunk-list.ts";
import type { Content } from "../../types.ts";
import type { SimStore } from "./sim-store.ts";
import { type WholePacks, wholePacks } from "./whole-packs.ts";

/** Looks at a store as it is: which chunks each point needs, and which are there. Remembers what cannot change. */
export interface Checker {
  /** Ids of the points that are there; throws when one of them needs what is not there, and what no damage took. */
  check(): Promise<ReadonlySet<string>>;
  /** Keys of packs that no point needs. */
  garbage(): Promise<string[]>;
  /** Whether damage took something that a point needs and that is not there again. */
  isHarmed(point: string): boolean;
  /** Chunks and manifests that damage took, until they are there again: ids in hex, and ids of points. */
  readonly harmed: Set<string>;
  readonly packs: WholePacks;
}

export class ModelViolation extends Error {}

export function checker(present: () => DomainContext, store: SimStore): Checker {
  const needs = new Map<string, ReadonlySet<string>>();
  const harmed = new Set<string>();
  const packs = wholePacks(present(), store);
  const needed = async (): Promise<Map<string, ReadonlySet<string>>> => {
    const domain = present();
    const found = new Map<string, ReadonlySet<string>>();
    for (const point of await listPointKeys(domain)) {
      if (harmed.has(point.id) && (await isReadable(domain, point))) harmed.delete(point.id);
      const known = needs.get(point.id) ?? (await needsOf(domain, point).catch(unlessHarmed(harmed)));
      if (known !== undefined) needs.set(point.id, known);
      found.set(point.id, known ?? new Set());
    }
    return found;
  };
  return {
    harmed,
    packs,
    isHarmed: (point) => harmed.has(point) || [...(needs.get(point) ?? harmed)].some((id) => harmed.has(id)),
    async check() {
      const there = new Set<string>();
      for (const ids of (await packs.all()).values()) for (const id of ids) there.add(id);
      for (const id of harmed) if (there.has(id)) harmed.delete(id);
      const points = await needed();
      for (const [point, ids] of points) {
        for (const id of ids) {
          if (there.has(id) || harmed.has(id)) continue;
          throw new ModelViolation(`the point ${point} needs the chunk ${id}, which is in no pack`);
        }
      }
      return new Set(points.keys());
    },
    async garbage() {
      const ids = new Set([...(await needed()).values()].flatMap((chunks) => [...chunks]));
      const all = [...(await packs.all())];
      return all.filter(([, chunks]) => ![...chunks].some((id) => ids.has(id))).map(([key]) => key);
    },
  };
}

async function isReadable(domain: DomainContext, point: PointKey): Promise<boolean> {
  return readManifest(domain, point).then(
    () => true,
    () => false,
  );
}

function unlessHarmed(harmed: ReadonlySet<string>): (thrown: unknown) => undefined {
  return (thrown) => {
    if (harmed.size === 0) throw thrown;
    return undefined;
  };
}

/** Every chunk that a point needs. A point whose lists cannot be read is a violation too. */
async function needsOf(domain: DomainContext, point: PointKey): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  try {
    const manifest = await readManifest(domain, point);
    const chunks = chunkReader(domain, await loadStoredIndex(domain));
    const add = async (content: Content): Promise<void> => {
      for await (const { id } of listRefs(content, chunks.read)) ids.add(Buffer.from(id).toString("hex"));
      for await (const { id } of dataRefs(content, chunks.read)) ids.add(Buffer.from(id).toString("hex"));
    };
    await add(manifest.tree);
    for await (const entry of entriesOf(manifest.tree, chunks)) await add(entry.content);
    return ids;
  } catch (thrown) {
    throw new ModelViolation(`the point ${point.id} cannot be read: ${String(thrown)}`);
  }
}
