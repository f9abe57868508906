import type { ApiFinding } from "@muster/protocol";
import { type Plan, parsePlan, unforceable } from "@muster/recovery";
import type { Config } from "../config.ts";
import type { Tx } from "../context.ts";
import { planHash } from "./hash.ts";
import { liveFindings } from "./live-findings.ts";
import { repositoryFindings } from "./repository-findings.ts";
import { currentPlans } from "./store.ts";

export interface PlanFile {
  readonly name: string;
  readonly text: string;
}

/** What was found in a plan; `plan` is undefined when it cannot be read. */
export interface CheckedPlan {
  readonly plan?: Plan | undefined;
  readonly hash?: string | undefined;
  readonly findings: ApiFinding[];
  /** True when an error makes the plan unusable, so that not even force applies it. */
  readonly unusable: boolean;
}

/** Reads a plan, runs the linter, and compares it with the other plans in force, the enrolled hosts and the repositories. */
export async function checkPlan(
  tx: Tx,
  files: readonly PlanFile[],
  repositories: Config["repositories"],
): Promise<CheckedPlan> {
  const { plan, findings } = parsePlan(files.map(({ name, text }) => ({ name, text })));
  if (plan === undefined) return { findings: [...findings], unusable: true };
  const clashes = await clashingServices(tx, plan);
  const live = [...(await liveFindings(tx, plan)), ...repositoryFindings(plan, repositories)];
  const all = [...findings, ...clashes, ...live];
  const unusable =
    clashes.length > 0 || findings.some(({ code, severity }) => severity === "error" && unforceable.has(code));
  return { plan, hash: planHash(plan), findings: all, unusable };
}

/** Services that another plan has already: names are unique over all plans, because points are kept by them. */
async function clashingServices(tx: Tx, plan: Plan): Promise<ApiFinding[]> {
  const others = (await currentPlans(tx)).filter((other) => other.name !== plan.name);
  return Object.keys(plan.services).flatMap((service) =>
    others
      .filter((other) => Object.hasOwn(other.model.services, service))
      .map((other) => ({
        code: "service-taken",
        severity: "error" as const,
        message: `service ${service} is in plan ${other.name} already`,
        hint: "Give it another name: points and recoveries are found by the service's name.",
        path: `services.${service}`,
      })),
  );
}
