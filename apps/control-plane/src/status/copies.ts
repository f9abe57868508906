import type { ApiCopyState } from "@muster/protocol";
import { copyKey } from "../copies/store.ts";
import { furtherRepositories } from "../copies/wanted.ts";
import type { FoundService } from "../plans/store.ts";
import type { FleetFacts } from "./fleet.ts";

/** What each further repository of a source's policy has of it now, and why the last copy there failed. */
export function copyStates(
  { now, inRepository, lastCopies }: Pick<FleetFacts, "now" | "inRepository" | "lastCopies">,
  found: FoundService,
  source: string,
): ApiCopyState[] {
  return furtherRepositories(found, source).map((repository) => {
    const key = copyKey({ service: found.name, source, to: repository });
    const latest = inRepository.get(key);
    const last = lastCopies.get(key);
    return {
      repository,
      latestPointAt: latest?.toISOString(),
      seconds: latest === undefined ? undefined : Math.max(0, now - latest.getTime()) / 1000,
      lastError: last?.state === "failed" ? (last.error?.message ?? "it failed") : undefined,
    };
  });
}

/**
 * How old the newest copy outside the first repository is, of the source that has the oldest, in seconds. Undefined when no source is to
 * be copied, or one of them has no copy yet.
 */
export function serviceCopySeconds(
  sources: readonly { readonly copies: readonly ApiCopyState[] }[],
): number | undefined {
  const ages = sources.filter(({ copies }) => copies.length > 0).map(({ copies }) => newestAge(copies));
  const known = ages.filter((age) => age !== undefined);
  return known.length === 0 || known.length < ages.length ? undefined : Math.max(...known);
}

function newestAge(copies: readonly ApiCopyState[]): number | undefined {
  const ages = copies.flatMap(({ seconds }) => seconds ?? []);
  return ages.length === 0 ? undefined : Math.min(...ages);
}
