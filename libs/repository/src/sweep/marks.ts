import { randomBytes } from "node:crypto";
import { MusterError } from "@muster/core";
import { z } from "zod";
import type { DomainContext } from "../context.ts";
import type { SweepAuthority } from "./authority.ts";
import {
  type Mark,
  markSchema,
  parsePartKey,
  putPart,
  readPart,
  sweepFolder,
  type Verdict,
  verdictSchema,
} from "./mark.ts";

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

export interface SeenMarks {
  readonly marks: readonly SeenMark[];
  /** Ids of marks with a part that no sweeper made: they are void. */
  readonly forged: readonly string[];
}

/** All marks of a domain. Throws `repository-corrupt` for one that cannot be read: what it condemned is not known. */
export async function seeMarks(domain: DomainContext, authority: SweepAuthority): Promise<SeenMarks> {
  const times = new Map<string, { mark?: number; done?: number }>();
  for await (const { key, modified } of domain.store.list(sweepFolder(domain))) {
    const found = parsePartKey(domain, key);
    if (found === undefined || found.part === "verdict") continue;
    times.set(found.id, { ...times.get(found.id), [found.part]: modified });
  }
  const marks: SeenMark[] = [];
  const forged: string[] = [];
  for (const [id, time] of times) {
    if (time.mark === undefined) continue;
    const verdict = await readPart(domain, { id, part: "verdict", schema: verdictSchema }, authority); // the mark goes first
    const mark = await readPart(domain, { id, part: "mark", schema: markSchema }, authority);
    const done = await readPart(domain, { id, part: "done", schema: z.object({}) }, authority);
    if (mark === "forged" || verdict === "forged" || done === "forged") forged.push(id);
    else if (mark !== undefined) marks.push({ id, mark, modified: time.mark, verdict, done: done && time.done });
  }
  return { marks, forged };
}

/** Writes the items down as marks. */
export async function putMarks(
  domain: DomainContext,
  authority: SweepAuthority,
  { items, ...fields }: Mark,
): Promise<void> {
  for (let from = 0; from < items.length; from += mostItems) {
    const id = randomBytes(16).toString("hex");
    const value: Mark = { ...fields, items: items.slice(from, from + mostItems) };
    await putPart(domain, authority, { id, part: "mark", value });
  }
}

/**
 * Makes the verdict on a mark; of several sweepers one makes it. Returns the one that counts, or undefined when there is none: the
 * mark is gone (another sweeper has made a verdict, carried it out and cleaned up), or somebody else took the verdict's name.
 */
export async function putVerdict(
  domain: DomainContext,
  authority: SweepAuthority,
  { id, verdict }: { readonly id: string; readonly verdict: Verdict },
): Promise<Verdict | undefined> {
  await ignoreExisting(putPart(domain, authority, { id, part: "verdict", value: verdict }));
  const counts = await readPart(domain, { id, part: "verdict", schema: verdictSchema }, authority);
  const mark = await readPart(domain, { id, part: "mark", schema: markSchema }, authority);
  return mark === undefined || counts === "forged" ? undefined : counts;
}

/** Notes that nothing is left of what a mark condemned. */
export async function putDone(domain: DomainContext, authority: SweepAuthority, id: string): Promise<void> {
  await ignoreExisting(putPart(domain, authority, { id, part: "done", value: {} }));
}

async function ignoreExisting(work: Promise<unknown>): Promise<void> {
  await work.catch((thrown: unknown) => {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
  });
}
