import { z } from "zod";
import { findingSchema, instantSchema } from "./problem.ts";

export const planFileSchema = z.strictObject({ name: z.string().max(200), text: z.string().max(2_000_000) });
export const planCheckSchema = z.strictObject({ files: z.array(planFileSchema).min(1).max(200) });
export const planApplySchema = planCheckSchema.extend({
  /** Applies in spite of lint errors of rules (never of an unreadable plan); the reason goes to the audit trail. */
  force: z.string().min(3).max(500).optional(),
  dryRun: z.boolean().default(false),
});

export const planChangeSchema = z.object({
  kind: z.enum(["added", "removed", "changed"]),
  path: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

export const planVersionSchema = z.object({
  name: z.string(),
  version: z.int(),
  hash: z.string(),
  appliedAt: instantSchema,
  appliedBy: z.string(),
});

export const planCheckedSchema = z.object({ findings: z.array(findingSchema), hash: z.string().optional() });
export const planAppliedSchema = planVersionSchema.extend({
  /** False when the same plan was applied already. */
  applied: z.boolean(),
  changes: z.array(planChangeSchema),
  findings: z.array(findingSchema),
});
export const planSchemaView = planVersionSchema.extend({
  files: z.array(planFileSchema),
  /** The parsed plan; durations in milliseconds. */
  model: z.record(z.string(), z.unknown()),
});
export type ApiPlan = z.output<typeof planSchemaView>;
export type ApiPlanApplied = z.output<typeof planAppliedSchema>;
