import { randomBytes } from "node:crypto";
import { asMusterError, semaphore, systemTimer, type Timer, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { manifestKey } from "../manifest/points.ts";
import { readAvoided } from "../sweep/avoid.ts";
import { leaseLog, leaseLost } from "./log.ts";
import { leaseFolder, recordName } from "./record.ts";

export interface LeaseOptions {
  /** What it is for: "backup", "copy". */
  readonly purpose: string;
  /** Who holds it, for people. */
  readonly holder: string;
  /** Silence in milliseconds after which a sweep may end the lease; one hour when left out. */
  readonly expiresAfter?: number | undefined;
  /** Milliseconds between two signs of life; a sixth of `expiresAfter` when left out. */
  readonly renewEvery?: number | undefined;
  /** What the signs of life are given by. */
  readonly timer?: Timer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The right to use what a domain has stored, while a sweep may be at work. */
export interface Lease {
  readonly id: string;
  /** Packs (ids in hex) that may be deleted at any time: nothing may be deduplicated against them. */
  readonly avoid: ReadonlySet<string>;
  /** Aborts when the given signal does, and as soon as the lease is known to be lost. */
  readonly signal: AbortSignal;
  /** Throws `lease-lost` when that is known. */
  requireHeld(): void;
  /**
   * Says which manifest comes next and then lets `put` store it, under the key `<domain>/points/<name>`. Throws `lease-lost`
   * before that when the lease is over. There is one commit, and nothing else can be done afterwards.
   */
  commit(name: string, put: (key: string) => Promise<void>): Promise<void>;
  /** Ends the lease without a commit. Does nothing after a commit was begun. */
  release(): Promise<void>;
}

const hour = 3_600_000;

/**
 * Takes a lease; before the domain's index is loaded, and without the packs to `avoid`. It is safe whatever the clocks say and
 * however long its holder sleeps: a sweep deletes nothing that it may have seen before its end is written into its log, and
 * who commits writes into the same place of the log.
 */
export async function holdLease(domain: DomainContext, options: LeaseOptions): Promise<Lease> {
  const { purpose, holder, expiresAfter = hour, renewEvery = expiresAfter / 6, timer = systemTimer } = options;
  const id = randomBytes(16).toString("hex");
  const log = leaseLog(domain, id);
  const held = (avoids: readonly string[]) => ({ kind: "held", purpose, holder, expiresAfter, avoids }) as const;
  throwIfAborted(options.signal);
  await log.append(held([]));
  const avoided = await readAvoided(domain); // after the lease is there, so that a sweep sees either it or its word on the mark
  if (avoided.marks.length > 0) await log.append(held(avoided.marks));

  const turn = semaphore(1);
  const lost = new AbortController();
  let over = false;
  const renew = async (): Promise<void> => {
    if (over) return;
    await log.append(held(avoided.marks)).catch((thrown: unknown) => {
      // A store that does not answer is asked again at the next turn; only the log says that the lease is over.
      if (asMusterError(thrown).code === "lease-lost") lost.abort(thrown);
    });
  };
  const stopRenewing = timer.every(renewEvery, () => void turn.run(renew));
  const end = (): void => {
    over = true;
    stopRenewing();
  };
  return {
    id,
    avoid: avoided.packs,
    signal: options.signal === undefined ? lost.signal : AbortSignal.any([options.signal, lost.signal]),
    requireHeld() {
      if (lost.signal.aborted) throw lost.signal.reason;
    },
    commit: (name, put) =>
      turn.run(async () => {
        end();
        await log.append({ kind: "committing", manifest: name, expiresAfter });
        // A sweep that cleans up removes the first record of a log before its last: without it this log counts no more.
        const first = await domain.store.head(leaseFolder(domain) + recordName(id, 0));
        if (first === undefined) throw leaseLost(domain);
        await put(manifestKey(domain, name));
      }),
    release: () =>
      turn.run(async () => {
        if (over) return;
        end();
        await log.append({ kind: "ended" }).catch(() => undefined); // it expires by itself
      }),
  };
}
