import type { Run } from "./model.ts";
import { stepRun } from "./steps.ts";

/**
 * What a newer recovery has replaced since an older one: `host/source` of every restore that both have begun. Whoever puts back
 * what the older one kept aside, or restores for it once more, would overwrite what the newer one brought, and the newer one's
 * way back with it. Empty when the newer one was rolled back itself.
 */
export function supersededTargets(older: Run, newer: Run): string[] {
  if (newer.aside === "rolled_back") return [];
  const since = begunRestores(newer);
  return [...begunRestores(older)].filter((target) => since.has(target)).sort();
}

function begunRestores(run: Run): Set<string> {
  return new Set(
    run.plan.steps.flatMap(({ id, host, work }) =>
      work.kind === "restore" && stepRun(run, id).attempt > 0 ? [`${host}/${work.source}`] : [],
    ),
  );
}
