import { MusterError } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import { listDomains } from "../domain-key.ts";
import { beginEpoch } from "./epoch.ts";
import { type SweptDomain, sweepDomain } from "./sweep-domain.ts";
import type { DomainSweep, SweepOptions, SweepReport } from "./types.ts";

/**
 * Sweeps every domain of a repository; see `sweepDomain`. Only one sweeper is at work: a newer one makes an older stop with
 * `sweep-superseded`. Throws `usage` for a store without conditional writes, where nothing could be decided once. Throws when the store fails; what was done until then stays done, and the next sweep goes on.
 */
export async function sweepRepository(
  store: DeletableStore,
  open: (domain: string) => SweptDomain,
  options: SweepOptions,
): Promise<SweepReport> {
  if (!(options.grace > 0)) throw new MusterError("usage", "the grace of a sweep must be longer than nothing");
  const dryRun = options.dryRun ?? false;
  if (!dryRun && store.conditionalWrites === false) throw unsafe(store);
  const epoch = dryRun ? undefined : await beginEpoch(store);
  const names: string[] = [];
  for await (const name of listDomains(store)) names.push(name);
  const domains: DomainSweep[] = [];
  for (const name of names.sort()) {
    options.onDomain?.(name);
    domains.push(await sweepDomain(open(name), store, epoch, options));
  }
  return { epoch: epoch?.number ?? 0, dryRun, domains };
}

/** Marks, verdicts and leases each count because they can be made once. */
function unsafe({ description }: DeletableStore): MusterError {
  return new MusterError(
    "usage",
    `nothing is deleted in ${description}: a running backup could lose data that it counts on`,
    {
      hint: "Move the repository to a server with conditional writes and take conditional-writes=off out of its address, or delete nothing.",
    },
  );
}
