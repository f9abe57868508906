import { z } from "zod";
import { errorValueSchema, instantSchema } from "./problem.ts";

export const targetSchema = z.union([z.literal("latest"), instantSchema]);

export const recoveryRequestSchema = z.strictObject({
  scenario: z.string().optional(),
  services: z.array(z.string()).default([]),
  tiers: z.array(z.int()).default([]),
  hosts: z.array(z.string()).default([]),
  target: targetSchema.default("latest"),
  /** Restore what lived on one host onto another: `{"db-1": "db-2"}`. */
  onto: z.record(z.string(), z.string()).default({}),
  mode: z.enum(["real", "drill"]).default("real"),
  /** Accept targets other than those the points came from. */
  allowNewTarget: z.boolean().default(false),
  /** When the disaster began, for the actual RTO; default: the first failed probe of the selection, else now. */
  failureAt: instantSchema.optional(),
  /** It is stopped when it has not ended so many milliseconds after its start; default: what the scenario says. */
  deadlineMs: z.int().min(1000).optional(),
  reason: z.string().max(500).optional(),
});
export type RecoveryRequest = z.input<typeof recoveryRequestSchema>;

export const stepViewSchema = z.object({
  id: z.string(),
  service: z.string(),
  tier: z.int(),
  phase: z.enum(["stop", "restore", "start", "gate"]),
  host: z.string(),
  kind: z.enum(["action", "restore", "gate", "aside"]),
  /** In words: `restore orders from 12:03 (1.2 GB)`. */
  title: z.string(),
  after: z.array(z.string()),
  critical: z.boolean(),
  forecastMs: z.number().optional(),
  state: z.enum([
    "pending",
    "ready",
    "dispatched",
    "running",
    "succeeded",
    "failed",
    "skipped",
    "cancelled",
    "unknown",
  ]),
  attempt: z.int(),
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.string(), note: z.string().optional() }).optional(),
  error: errorValueSchema.partial({ retryable: true }).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  skipped: z.object({ by: z.string(), reason: z.string() }).optional(),
});
export type ApiStep = z.output<typeof stepViewSchema>;

export const resolvedSourceSchema = z.object({
  service: z.string(),
  tier: z.int(),
  source: z.string(),
  sourceType: z.string(),
  fromHost: z.string(),
  toHost: z.string(),
  pointId: z.string(),
  repository: z.string(),
  takenAt: instantSchema,
  distanceMs: z.number(),
  bytes: z.number(),
});

export const checkFindingSchema = z.object({
  severity: z.enum(["error", "warning", "info"]),
  code: z.string(),
  subject: z.string(),
  message: z.string(),
  hint: z.string(),
});

export const recoveryPreviewSchema = z.object({
  plan: z.object({ name: z.string(), version: z.int(), hash: z.string() }),
  hash: z.string().describe("What an approval is bound to."),
  scenario: z.string().optional(),
  mode: z.enum(["real", "drill"]),
  target: targetSchema,
  needsApproval: z.boolean(),
  objectives: z.object({ rtoMs: z.number().optional(), rpoMs: z.number().optional() }),
  tiers: z.array(z.object({ tier: z.int(), name: z.string() })),
  sources: z.array(resolvedSourceSchema),
  spreadMs: z.number(),
  /** Services that come back on another host than the plan's; the plan has to follow by hand. */
  moves: z.array(z.object({ service: z.string(), from: z.string(), to: z.string() })).default([]),
  steps: z.array(stepViewSchema),
  criticalPath: z.array(z.string()),
  forecastMs: z.number().optional(),
  /** So long after its start it is stopped, unless it has ended. */
  deadlineMs: z.number().optional(),
  findings: z.array(checkFindingSchema),
});
export type ApiRecoveryPreview = z.output<typeof recoveryPreviewSchema>;

export const runStates = [
  "draft",
  "checking",
  "awaiting_approval",
  "running",
  "paused",
  "verifying",
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
  "rolled_back",
] as const;

export const recoverySchema = recoveryPreviewSchema.extend({
  id: z.string(),
  state: z.enum(runStates),
  createdAt: instantSchema,
  createdBy: z.string(),
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  failureAt: instantSchema.optional(),
  /** From here on it is stopped, unless it has ended. */
  deadlineAt: instantSchema.optional(),
  reason: z.string().optional(),
  approval: z.object({ by: z.string(), at: instantSchema }).optional(),
  aside: z.enum(["none", "kept", "accepting", "accepted", "rolling_back", "rolled_back"]),
  /** Measured: failure or declaration → last gate; failure − last recovered moment. */
  achieved: z
    .object({
      rtoMs: z.number().optional(),
      rpoMs: z.number().optional(),
      spreadMs: z.number().optional(),
      tiers: z.array(z.object({ tier: z.int(), rtoMs: z.number().optional() })),
    })
    .optional(),
  revision: z.int(),
});
export type ApiRecovery = z.output<typeof recoverySchema>;

export const approveSchema = z.strictObject({ hash: z.string() });
export const retrySchema = z.strictObject({
  step: z
    .string()
    .optional()
    .describe("A failed step; without one a recovery that failed in its checks is checked again."),
});
export const skipStepSchema = z.strictObject({ step: z.string(), reason: z.string().min(3).max(500) });
export const reasonSchema = z.strictObject({ reason: z.string().max(500).optional() });
