import type { ObjectStore } from "@muster/object-store";

/** The bytes of a repository by domain; what belongs to none is under the empty name. */
export interface Tally {
  /** Counts what is there, unless it has been counted within so many milliseconds; false when it was not counted. */
  count(within: number): Promise<boolean>;
  /** What was written since then counts as well. */
  add(key: string, bytes: number): void;
  /** The sum over the domains that are asked for. */
  sum(wanted: (domain: string) => boolean): number;
}

export function createTally(store: ObjectStore): Tally {
  let used = new Map<string, number>();
  let countedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const walk = async (): Promise<void> => {
    const before = new Map(used);
    const found = new Map<string, number>();
    for await (const { key, size } of store.list("")) addTo(found, domainIn(key), size);
    // What came in meanwhile may or may not have been seen; it counts.
    for (const [domain, bytes] of used) addTo(found, domain, bytes - (before.get(domain) ?? 0));
    used = found;
    countedAt = performance.now();
  };

  return {
    async count(within) {
      if (performance.now() - countedAt <= within) return false;
      running ??= walk().finally(() => {
        running = undefined;
      });
      await running;
      return true;
    },
    add: (key, bytes) => addTo(used, domainIn(key), bytes),
    sum(wanted) {
      let total = 0;
      for (const [domain, bytes] of used) if (wanted(domain)) total += bytes;
      return total;
    },
  };
}

function domainIn(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}

function addTo(to: Map<string, number>, domain: string, bytes: number): void {
  to.set(domain, (to.get(domain) ?? 0) + bytes);
}
