import type { DomainContext } from "../context.ts";
import { markSchema, parsePartKey, readPart, sweepFolder, verdictSchema } from "./mark.ts";

/** What a writer must not count on. */
export interface Avoided {
  /** Ids of the marks of packs that were looked at. */
  readonly marks: readonly string[];
  /** Ids of packs, in hex. */
  readonly packs: ReadonlySet<string>;
}

/**
 * The packs that a sweep may delete: those of each mark without a verdict, and those that a verdict gave up. Throws
 * `repository-corrupt` for a mark that cannot be read: what it names is not known.
 */
export async function readAvoided(domain: DomainContext): Promise<Avoided> {
  const marks: string[] = [];
  const packs = new Set<string>();
  for (const id of await markIds(domain)) {
    // First the verdict: a mark goes before it. Who can only read cannot tell a forged part, which can do no harm here.
    const verdict = await readPart(domain, { id, part: "verdict", schema: verdictSchema });
    const mark = await readPart(domain, { id, part: "mark", schema: markSchema });
    if (mark === undefined || mark === "forged" || mark.kind !== "packs") continue;
    marks.push(id);
    const kept = new Set(verdict === "forged" ? [] : verdict?.kept);
    for (const pack of mark.items) if (!kept.has(pack)) packs.add(pack);
  }
  return { marks, packs };
}

async function markIds(domain: DomainContext): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key } of domain.store.list(sweepFolder(domain))) {
    const found = parsePartKey(domain, key);
    if (found?.part === "mark") ids.push(found.id);
  }
  return ids.sort();
}
