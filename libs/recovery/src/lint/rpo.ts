import { formatDuration } from "@muster/core";
import { objectivesFor } from "../plan/objectives.ts";
import type { Plan, Policy } from "../plan/schema.ts";
import { scheduleInterval } from "../schedule/due.ts";
import type { Remark } from "./finding.ts";

/**
 * Worst case = interval + jitter + the backup's own duration: a backup shows the moment of its start, so with an interval equal
 * to the RPO every backup breaks it while the next one runs.
 */
export function rpoArithmetic(plan: Plan): Remark[] {
  return Object.entries(plan.services).flatMap(([name, service]) => {
    const { rpo } = objectivesFor(plan, name);
    if (rpo === undefined) return [];
    return Object.entries(service.sources).flatMap(([source, { policy }]): Remark[] => {
      const path = ["services", name, "sources", source];
      const found = policy === undefined ? undefined : plan.policies[policy];
      if (policy === undefined) return [noPolicy(path, name, source, rpo)];
      return found === undefined ? [] : tooSeldom(path, policy, found, rpo, plan.timezone);
    });
  });
}

function noPolicy(path: string[], service: string, source: string, rpo: number): Remark {
  return {
    code: "rpo-no-schedule",
    severity: "error",
    path,
    message: `${service}/${source} has an RPO of ${formatDuration(rpo)}, but no policy, so it is never backed up by itself`,
    hint: "Give it a policy.",
  };
}

function tooSeldom(path: string[], name: string, policy: Policy, rpo: number, zone: string): Remark[] {
  const interval = Math.min(...policy.schedule.map((text) => scheduleInterval(text, zone)));
  const worst = interval + policy.jitter;
  if (worst < rpo) return [];
  const jitter = policy.jitter > 0 ? ` + jitter ${formatDuration(policy.jitter)}` : "";
  return [
    {
      code: "rpo-interval",
      severity: "error",
      path: [...path, "policy"],
      message: `policy ${name} runs every ${formatDuration(interval)}${jitter}, plus the time that the backup takes: more than the RPO of ${formatDuration(rpo)}`,
      hint: `Back up at least every ${formatDuration(rpo / 2)}, or loosen the RPO.`,
    },
  ];
}
