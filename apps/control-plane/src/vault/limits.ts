import { MusterError, semaphore } from "@muster/core";

/** At once for one host and for all, by what a request holds: a put 2 MiB, a read up to 4 MiB, a list little. */
const atOnce = { put: { host: 8, all: 32 }, get: { host: 8, all: 24 }, other: { host: 8, all: 64 } } as const;

/** So many requests of a host may wait for their turn; more are refused. */
const mostWaiting = 128;

export type Weight = keyof typeof atOnce;

export interface VaultLimits {
  /** Does the work when it is this host's turn. Throws `rate-limited` when it has too many requests waiting. */
  run(host: string, weight: Weight, work: () => Promise<void>): Promise<void>;
}

/** Bounds what the requests of agents hold in memory, and lets no host take all of it. */
export function createLimits(): VaultLimits {
  const all = bounds("all");
  const hosts = new Map<string, { readonly turns: ReturnType<typeof bounds>; open: number }>();
  return {
    async run(host, weight, work) {
      const own = hosts.get(host) ?? { turns: bounds("host"), open: 0 };
      if (own.open >= mostWaiting) {
        throw new MusterError("rate-limited", `the host ${host} has ${own.open} requests to the vault open`);
      }
      hosts.set(host, own);
      own.open += 1;
      try {
        await own.turns[weight].run(() => all[weight].run(work));
      } finally {
        own.open -= 1;
        if (own.open === 0) hosts.delete(host);
      }
    },
  };
}

function bounds(which: "host" | "all") {
  return {
    put: semaphore(atOnce.put[which]),
    get: semaphore(atOnce.get[which]),
    other: semaphore(atOnce.other[which]),
  };
}
