import type { DomainContext } from "../context.ts";
import { parsePartKey, readMark, readVerdict, sweepFolder } from "./mark.ts";

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
    const verdict = await readVerdict(domain, id); // first: a mark goes before its verdict does
    const mark = await readMark(domain, id);
    if (mark?.kind !== "packs") continue;
    marks.push(id);
    const kept = new Set(verdict?.kept);
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
