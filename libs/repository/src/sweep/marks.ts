import { randomBytes } from "node:crypto";
import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { type Mark, parsePartKey, putPart, readMark, readVerdict, sweepFolder, type Verdict } from "./mark.ts";

/** A mark and what became of it. */
export interface SeenMark {
  readonly id: string;
  readonly mark: Mark;
  /** The store's time of its write. */
  readonly modified: number;
  readonly verdict?: Verdict | undefined;
  /** The store's time at which all that it condemned was gone. */
  readonly done?: number | undefined;
}

/** Items of one mark at most, so that writers read little: packs of a terabyte. */
const mostItems = 65_536;

/** All marks of a domain. Throws `repository-corrupt` for one that cannot be read: what it condemned is not known. */
export async function seeMarks(domain: DomainContext): Promise<SeenMark[]> {
  const times = new Map<string, { mark?: number; done?: number }>();
  for await (const { key, modified } of domain.store.list(sweepFolder(domain))) {
    const found = parsePartKey(domain, key);
    if (found === undefined || found.part === "verdict") continue;
    times.set(found.id, { ...times.get(found.id), [found.part]: modified });
  }
  const marks: SeenMark[] = [];
  for (const [id, time] of times) {
    if (time.mark === undefined) continue;
    const verdict = await readVerdict(domain, id); // before the mark, which goes first
    const mark = await readMark(domain, id);
    if (mark !== undefined) marks.push({ id, mark, modified: time.mark, verdict, done: time.done });
  }
  return marks;
}

/** Writes the items down as marks. */
export async function putMarks(domain: DomainContext, { items, ...fields }: Mark): Promise<void> {
  for (let from = 0; from < items.length; from += mostItems) {
    const id = randomBytes(16).toString("hex");
    await putPart(domain, id, "mark", { ...fields, items: items.slice(from, from + mostItems) } satisfies Mark);
  }
}

/**
 * Makes the verdict on a mark; of several sweepers one makes it. Returns the one that counts, or undefined when the mark is gone:
 * then another sweeper has made a verdict, carried it out and cleaned up, and this one is void.
 */
export async function putVerdict(domain: DomainContext, id: string, verdict: Verdict): Promise<Verdict | undefined> {
  await ignoreExisting(putPart(domain, id, "verdict", verdict));
  const counts = await readVerdict(domain, id);
  return (await readMark(domain, id)) === undefined ? undefined : counts;
}

/** Notes that nothing is left of what a mark condemned. */
export async function putDone(domain: DomainContext, id: string): Promise<void> {
  await ignoreExisting(putPart(domain, id, "done", {}));
}

async function ignoreExisting(work: Promise<unknown>): Promise<void> {
  await work.catch((thrown: unknown) => {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
  });
}
