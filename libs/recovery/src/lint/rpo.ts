import { formatDuration } from "@muster/core";
import { objectivesFor } from "../plan/objectives.ts";
import type { Plan } from "../plan/schema.ts";
import { selectServices } from "../restore/select.ts";
import { longestGap } from "../schedule/interval.ts";
import type { Remark } from "./finding.ts";

/**
 * Worst case = interval + jitter + the backup's own duration: a backup shows the moment of its start, so with an interval equal
 * to the RPO every backup breaks it while the next one runs.
 */
export function rpoArithmetic(plan: Plan): Remark[] {
  const intervals = new Map(
    Object.entries(plan.policies).map(([name, policy]) => [name, longestGap(policy.schedule, plan.timezone)]),
  );
  return Object.entries(plan.services).flatMap(([name, service]) => {
    const bound = strictest(plan, name);
    if (bound === undefined) return [];
    return Object.entries(service.sources).flatMap(([source, { policy }]): Remark[] => {
      const path = ["services", name, "sources", source];
      if (policy === undefined) return [noPolicy(path, `${name}/${source}`, bound)];
      const interval = intervals.get(policy) ?? Number.POSITIVE_INFINITY;
      return tooSeldom([...path, "policy"], policy, { interval, jitter: plan.policies[policy]?.jitter ?? 0 }, bound);
    });
  });
}

interface Bound {
  readonly rpo: number;
  /** `RPO of 1h`, with the scenario that asks for it. */
  readonly text: string;
}

/** The least RPO that holds for the service: its own by inheritance, or that of a scenario which restores it. */
function strictest(plan: Plan, service: string): Bound | undefined {
  const scenarios = Object.keys(plan.scenarios).filter((name) =>
    selectServices(plan, plan.scenarios[name]?.restore ?? {}).includes(service),
  );
  let bound: Bound | undefined;
  for (const scenario of [undefined, ...scenarios]) {
    const { rpo } = objectivesFor(plan, service, scenario);
    if (rpo === undefined || rpo >= (bound?.rpo ?? Number.POSITIVE_INFINITY)) continue;
    const text = `RPO of ${formatDuration(rpo)}${scenario === undefined ? "" : ` in scenario ${scenario}`}`;
    bound = { rpo, text };
  }
  return bound;
}

function noPolicy(path: string[], subject: string, bound: Bound): Remark {
  return {
    code: "rpo-no-schedule",
    severity: "error",
    path,
    message: `${subject} has an ${bound.text}, but no policy, so it is never backed up by itself`,
    hint: "Give it a policy.",
  };
}

function tooSeldom(path: string[], policy: string, gap: { interval: number; jitter: number }, bound: Bound): Remark[] {
  const worst = gap.interval + gap.jitter;
  if (worst < bound.rpo) return [];
  const sum =
    gap.jitter === 0
      ? formatDuration(gap.interval)
      : `${formatDuration(gap.interval)} + jitter ${formatDuration(gap.jitter)} = ${formatDuration(worst)}`;
  return [
    {
      code: "rpo-interval",
      severity: "error",
      path,
      message: `policy ${policy} leaves up to ${sum} between backups, and the time that a backup takes comes on top; that is not less than the ${bound.text}`,
      hint: `Back up at least every ${formatDuration(bound.rpo / 2)}, or loosen the RPO.`,
    },
  ];
}
