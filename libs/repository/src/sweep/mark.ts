import { MusterError } from "@muster/core";
import { z } from "zod";
import type { DomainContext } from "../context.ts";
import { openJson, sealJson } from "../encrypt/sealed-json.ts";

/** What is to be deleted, if nothing speaks against it when the grace is over: names of points, or ids of packs in hex. */
export const markSchema = z.object({
  kind: z.enum(["points", "packs"]),
  epoch: z.number().int().nonnegative(),
  /** Milliseconds from the store's time of this object until a verdict may be made. */
  grace: z.number().int().nonnegative(),
  items: z.array(z.string()),
});

export type Mark = z.output<typeof markSchema>;

/** Made once for each mark, and final: all its items are deleted but those in `kept`. */
export const verdictSchema = z.object({ epoch: z.number().int().nonnegative(), kept: z.array(z.string()) });

export type Verdict = z.output<typeof verdictSchema>;

export type SweepPart = "mark" | "verdict" | "done";

export function sweepFolder(domain: DomainContext): string {
  return `${domain.prefix}sweeps/`;
}

/** `<mark id>/<part>`: bound to the object, and the end of its key. */
export function partName(id: string, part: SweepPart): string {
  return `${id}/${part}`;
}

/** The mark and part that a key names; undefined for another key. */
export function parsePartKey(domain: DomainContext, key: string): { id: string; part: SweepPart } | undefined {
  const [, id, part] = /^([0-9a-f]{32})\/(mark|verdict|done)$/.exec(key.slice(sweepFolder(domain).length)) ?? [];
  return id === undefined ? undefined : { id, part: part as SweepPart }; // one of the three, by the expression
}

/** Seals one part of a mark's objects under its key. */
export async function putPart(domain: DomainContext, id: string, part: SweepPart, value: unknown): Promise<string> {
  const name = partName(id, part);
  const key = sweepFolder(domain) + name;
  await domain.store.put(key, await sealJson(domain, "sweep", name, value));
  return key;
}

/** Throws `repository-corrupt`; undefined when there is none. */
export const readMark = (domain: DomainContext, id: string): Promise<Mark | undefined> =>
  readPart(domain, partName(id, "mark"), markSchema);

/** Throws `repository-corrupt`; undefined when there is none. */
export const readVerdict = (domain: DomainContext, id: string): Promise<Verdict | undefined> =>
  readPart(domain, partName(id, "verdict"), verdictSchema);

async function readPart<T>(domain: DomainContext, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const sealed = await domain.store.get(sweepFolder(domain) + name);
    return await openJson(domain, "sweep", name, { sealed, schema });
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-missing") return undefined;
    throw thrown;
  }
}
