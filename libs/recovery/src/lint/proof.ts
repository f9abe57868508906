import type { Plan } from "../plan/schema.ts";
import type { Remark } from "./finding.ts";

/** Without a probe nobody knows whether a service came back: its gate passes at once. */
export function unprobed(plan: Plan): Remark[] {
  return Object.entries(plan.services)
    .filter(([, service]) => service.probes.length === 0)
    .map(([name]) => ({
      code: "service-without-probe",
      severity: "warning" as const,
      path: ["services", name],
      message: `${name} has no probe, so its gate proves nothing`,
      hint: "Declare a probe in agent.yaml and name it under probes.",
    }));
}

/** A policy that keeps everything fills the repository. */
export function noRetention(plan: Plan): Remark[] {
  return Object.entries(plan.policies)
    .filter(([, policy]) => policy.retention === undefined)
    .map(([name]) => ({
      code: "policy-without-retention",
      severity: "warning" as const,
      path: ["policies", name],
      message: `policy ${name} has no retention: every recovery point is kept for ever`,
      hint: "Say how many to keep, such as retention: {hourly: 24, daily: 7, monthly: 12}.",
    }));
}

/** Nothing of it is backed up: a recovery can only start it again. Right for a service without data, and worth knowing. */
export function unprotected(plan: Plan): Remark[] {
  return Object.entries(plan.services)
    .filter(([, service]) => Object.keys(service.sources).length === 0)
    .map(([name, { actions }]) => {
      const idle = Object.values(actions).every((action) => action === undefined);
      return {
        code: "service-without-source",
        severity: idle ? ("warning" as const) : ("info" as const),
        path: ["services", name],
        message: `${name} has no source, so none of its data is protected${idle ? ", and no action, so a recovery does nothing for it" : ""}`,
        hint: "Name its sources from agent.yaml, if it has data or configuration of its own.",
      };
    });
}
