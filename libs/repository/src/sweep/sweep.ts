import { MusterError } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import { listDomains } from "../domain-key.ts";
import { beginEpoch } from "./epoch.ts";
import { type SweptDomain, sweepDomain } from "./sweep-domain.ts";
import type { DomainSweep, SweepOptions, SweepReport } from "./types.ts";

/**
 * Sweeps every domain of a repository; see `sweepDomain`. Only one sweeper is at work: a newer one makes an older stop with
 * `sweep-superseded`. Throws when the store fails; what was done until then stays done, and the next sweep goes on.
 */
export async function sweepRepository(
  store: DeletableStore,
  open: (domain: string) => SweptDomain,
  options: SweepOptions,
): Promise<SweepReport> {
  if (!(options.grace > 0)) throw new MusterError("usage", "the grace of a sweep must be longer than nothing");
  const dryRun = options.dryRun ?? false;
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
