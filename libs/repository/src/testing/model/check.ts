import type { ObjectStore } from "@muster/object-store";
import type { DomainContext } from "../../context.ts";
import { loadStoredIndex, packIdOf } from "../../index/load-index.ts";
import { listPointKeys, readManifest } from "../../manifest/points.ts";
import { decodeFooter } from "../../pack/footer.ts";
import { readFooter } from "../../pack/layout.ts";
import { chunkReader } from "../../read/chunk-reader.ts";
import { entriesOf } from "../../read/point-reader.ts";
import { dataRefs, listRefs } from "../../tree/chunk-list.ts";
import type { Content } from "../../types.ts";

/** Looks at the store as it is: which chunks each point needs, and which are there. Remembers what cannot change. */
export interface Checker {
  /** Ids of the points that are there; throws when one of them needs what is not there. */
  check(): Promise<string[]>;
  /** Keys of packs that no point needs. */
  garbage(): Promise<string[]>;
}

export class ModelViolation extends Error {}

export function checker(domain: DomainContext): Checker {
  const { store } = domain;
  const needs = new Map<string, ReadonlySet<string>>();
  const packs = new Map<string, ReadonlySet<string>>();
  const chunksOf = async (key: string, size: number): Promise<ReadonlySet<string>> => {
    const known = packs.get(key);
    if (known !== undefined) return known;
    const id = packIdOf(key) ?? Buffer.alloc(16);
    const footer = decodeFooter(await readFooter(domain, id, size), key);
    const ids = new Set(footer.flatMap(({ chunks }) => chunks.map((chunk) => Buffer.from(chunk.id).toString("hex"))));
    packs.set(key, ids);
    return ids;
  };
  const stored = async (): Promise<Map<string, ReadonlySet<string>>> => {
    const found = new Map<string, ReadonlySet<string>>();
    for (const [key, size] of await keysOf(store, `${domain.prefix}packs/`)) found.set(key, await chunksOf(key, size));
    return found;
  };
  const needed = async (): Promise<Map<string, ReadonlySet<string>>> => {
    const found = new Map<string, ReadonlySet<string>>();
    for (const point of await listPointKeys(domain)) {
      const known = needs.get(point.key) ?? (await needsOf(domain, point));
      needs.set(point.key, known);
      found.set(point.id, known);
    }
    return found;
  };
  return {
    async check() {
      const there = new Set<string>();
      for (const ids of (await stored()).values()) for (const id of ids) there.add(id);
      const points = await needed();
      for (const [point, ids] of points) {
        for (const id of ids) {
          if (!there.has(id)) throw new ModelViolation(`the point ${point} needs the chunk ${id}, which is in no pack`);
        }
      }
      return [...points.keys()];
    },
    async garbage() {
      const ids = new Set([...(await needed()).values()].flatMap((chunks) => [...chunks]));
      const all = [...(await stored())];
      return all.filter(([, chunks]) => ![...chunks].some((id) => ids.has(id))).map(([key]) => key);
    },
  };
}

async function keysOf(store: ObjectStore, prefix: string): Promise<[string, number][]> {
  const found: [string, number][] = [];
  for await (const { key, size } of store.list(prefix)) found.push([key, size]);
  return found;
}

/** Every chunk that a point needs. A point whose lists cannot be read is a violation too. */
async function needsOf(domain: DomainContext, point: Parameters<typeof readManifest>[1]): Promise<ReadonlySet<string>> {
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
