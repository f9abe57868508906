import { z } from "zod";
import { errorValueSchema, instantSchema } from "./problem.ts";

export const backupCreateSchema = z.strictObject({
  /** Services to back up; with `all`, every source of the plan. */
  services: z.array(z.string()).default([]),
  /** Sources as `service/source`. */
  sources: z.array(z.string()).default([]),
  all: z.boolean().default(false),
});

export const backupSchema = z.object({
  id: z.string(),
  service: z.string(),
  source: z.string(),
  host: z.string(),
  repository: z.string(),
  trigger: z.enum(["schedule", "catch-up", "manual", "offline"]),
  state: z.enum(["queued", "running", "succeeded", "failed", "cancelled"]),
  dueAt: instantSchema.optional(),
  createdAt: instantSchema,
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.string(), note: z.string() }).optional(),
  pointId: z.string().optional(),
  error: errorValueSchema.optional(),
});
export type ApiBackup = z.output<typeof backupSchema>;
export const backupsCreatedSchema = z.object({ backups: z.array(backupSchema) });

/** What was doubtful about a point when it was made: it is there and can be restored all the same. */
export const pointWarningSchema = z.object({ code: z.string(), message: z.string(), hint: z.string() });
export type ApiPointWarning = z.output<typeof pointWarningSchema>;

/** Parts of a repository that its schedule of verification (`verifyEvery`) has read since a point came there, and how many there are. */
export const sampleProgressSchema = z.object({ read: z.int(), of: z.int() });

export const pointSchema = z.object({
  id: z.string(),
  service: z.string(),
  source: z.string(),
  sourceType: z.string(),
  repository: z.string(),
  host: z.string(),
  startedAt: instantSchema,
  /** The moment that the point restores to. */
  takenAt: instantSchema,
  finishedAt: instantSchema,
  logicalBytes: z.number(),
  storedBytes: z.number(),
  entries: z.number(),
  facts: z.record(z.string(), z.unknown()),
  expiredAt: instantSchema.optional(),
  expiryReason: z.string().optional(),
  verifiedAt: instantSchema.optional(),
  verifyLevel: z.string().optional(),
  sample: sampleProgressSchema.optional(),
  damaged: z.boolean(),
  warnings: z.array(pointWarningSchema).default([]),
  /** The further repositories that have it. */
  copies: z
    .array(
      z.object({
        repository: z.string(),
        copiedAt: instantSchema,
        verifiedAt: instantSchema.optional(),
        verifyLevel: z.string().optional(),
        sample: sampleProgressSchema.optional(),
        damaged: z.boolean(),
      }),
    )
    .default([]),
});
export type ApiPoint = z.output<typeof pointSchema>;

/** One run that copies points of a source to a further repository. */
export const copyRunSchema = z.object({
  id: z.string(),
  service: z.string(),
  source: z.string(),
  from: z.string(),
  to: z.string(),
  host: z.string(),
  state: z.enum(["running", "succeeded", "failed"]),
  createdAt: instantSchema,
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  /** When a failed one is tried again. */
  retryAt: instantSchema.optional(),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.string(), note: z.string() }).optional(),
  /** Points that it was to copy. */
  points: z.int(),
  bytes: z.number().optional(),
  error: errorValueSchema.optional(),
});
export type ApiCopyRun = z.output<typeof copyRunSchema>;

export const retentionDecisionSchema = z.object({
  pointId: z.string(),
  service: z.string(),
  source: z.string(),
  takenAt: instantSchema,
  keep: z.boolean(),
  reasons: z.array(z.string()),
});

export const repositorySchema = z.object({
  name: z.string(),
  url: z.string(),
  id: z.string().optional(),
  reachable: z.boolean(),
  freeBytes: z.number().optional(),
  message: z.string().optional(),
});
export const verifyCreateSchema = z.strictObject({
  level: z.enum(["presence", "read"]).default("presence"),
  service: z.string().optional(),
});
export const verifyReportSchema = z.object({
  repository: z.string(),
  level: z.string(),
  startedAt: instantSchema,
  finishedAt: instantSchema,
  points: z.int(),
  bytesRead: z.number(),
  damage: z.array(
    z.object({ service: z.string(), point: z.string().optional(), object: z.string(), message: z.string() }),
  ),
});

/** What a repair of a repository has brought back, and what no copy has whole. */
export const healReportSchema = z.object({
  repository: z.string(),
  healed: z.array(z.object({ service: z.string(), object: z.string(), from: z.string().optional() })),
  points: z.array(z.string()).describe("Ids of points that a copy has given back as a whole."),
  left: verifyReportSchema.shape.damage,
});
