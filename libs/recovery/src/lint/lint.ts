import type { Plan } from "../plan/schema.ts";
import { type Finding, type Locate, placed, type Remark } from "./finding.ts";
import { looserScenario, looserTier } from "./levels.ts";
import { cycles, laterTier } from "./order.ts";
import { noRetention, unprobed, unprotected } from "./proof.ts";
import { references } from "./references.ts";
import { rpoArithmetic } from "./rpo.ts";
import { scenarioNamesNothing } from "./scenarios.ts";
import { repeatedTier, unknownTier } from "./tiers.ts";
import { schedules, timezone } from "./time.ts";

type Rule = (plan: Plan) => Remark[];

/** Findings of these make a plan unusable: nothing else is looked at, and no force applies it. */
const soundness: readonly Rule[] = [
  references,
  unknownTier,
  repeatedTier,
  scenarioNamesNothing,
  cycles,
  timezone,
  schedules,
];
const judgement: readonly Rule[] = [
  laterTier,
  rpoArithmetic,
  looserTier,
  looserScenario,
  unprobed,
  unprotected,
  noRetention,
];

/** Codes that no `force` overrides. */
export const unforceable: ReadonlySet<string> = new Set([
  "yaml",
  "schema",
  "unknown-key",
  "unknown-reference",
  "repeated-tier",
  "scenario-names-nothing",
  "dependency-cycle",
  "bad-timezone",
  "bad-schedule",
]);

/** Everything that the rules say of a plan, worst first, with places where the file is known. */
export function lintPlan(plan: Plan, locate: Locate = () => undefined): Finding[] {
  const basic = soundness.flatMap((rule) => rule(plan));
  const remarks = basic.length > 0 ? basic : judgement.flatMap((rule) => rule(plan));
  return remarks.map((remark) => placed(remark, locate)).sort(bySeverity);
}

const rank = { error: 0, warning: 1, info: 2 } as const;

export function bySeverity(a: Finding, b: Finding): number {
  return rank[a.severity] - rank[b.severity] || (a.line ?? 0) - (b.line ?? 0);
}
