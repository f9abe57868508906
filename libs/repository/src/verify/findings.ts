import type { Damage } from "./types.ts";

/** Collects what is wrong where, and whom it hits. */
export interface Findings {
  add(key: string, reason: string): void;
  /** Notes that a pack's segment cannot be read; `undefined` for all of them. */
  addSegment(key: string, position: number | undefined, reason: string): void;
  /** Notes that a pack is not there. It is damage only where a point needs it: what nobody needs, a sweep deletes. */
  addMissing(key: string): void;
  /** The key of the pack if that segment of it is bad. */
  isBad(key: string, position: number): boolean;
  /** Notes that a point, or one entry of it, depends on a damaged object. */
  hit(key: string, point: string, entry?: string): void;
  /** Whether a damaged object is known that the point, or that entry of it, depends on. */
  isExplained(point: string, entry: string | undefined): boolean;
  damage(): Damage[];
}

export function findings(): Findings {
  const reasons = new Map<string, string[]>();
  const bad = new Map<string, Set<number | undefined>>();
  const missing = new Set<string>();
  const hits = new Map<string, Map<string, { whole: boolean; entries: Set<string> }>>();
  const add = (key: string, reason: string): void => {
    const known = reasons.get(key);
    if (known === undefined) reasons.set(key, [reason]);
    else if (!known.includes(reason)) known.push(reason);
  };
  const addSegment = (key: string, position: number | undefined, reason: string): void => {
    add(key, reason);
    const known = bad.get(key) ?? new Set();
    bad.set(key, known.add(position));
  };
  return {
    add,
    addSegment,
    addMissing(key) {
      missing.add(key);
      addSegment(key, undefined, `${key} is missing`);
    },
    isBad(key, position) {
      const known = bad.get(key);
      return known !== undefined && (known.has(undefined) || known.has(position));
    },
    hit(key, point, entry) {
      const points = hits.get(key) ?? new Map<string, { whole: boolean; entries: Set<string> }>();
      hits.set(key, points);
      const known = points.get(point) ?? { whole: false, entries: new Set<string>() };
      points.set(point, known);
      if (entry === undefined) known.whole = true;
      else known.entries.add(entry);
    },
    isExplained: (point, entry) =>
      [...hits.values()].some((points) => {
        const known = points.get(point);
        return known !== undefined && (known.whole || (entry !== undefined && known.entries.has(entry)));
      }),
    damage() {
      const keys = [...reasons.keys()].filter((key) => !missing.has(key) || hits.has(key));
      return keys.sort().flatMap((key) => damageOf(key, reasons.get(key) ?? [], hits.get(key)));
    },
  };
}

function damageOf(
  object: string,
  reasons: readonly string[],
  points: ReadonlyMap<string, { readonly whole: boolean; readonly entries: ReadonlySet<string> }> | undefined,
): Damage[] {
  const message = reasons.join("; ");
  if (points === undefined) return [{ object, message }];
  return [...points].map(([point, { whole, entries }]) => ({
    object,
    message,
    point,
    ...(whole ? {} : { entries: [...entries] }),
  }));
}
