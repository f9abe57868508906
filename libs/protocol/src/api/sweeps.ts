import { z } from "zod";
import { errorValueSchema, instantSchema } from "./problem.ts";

export const holdCreateSchema = z.strictObject({
  kind: z.enum(["legal", "incident"]).default("incident"),
  reason: z.string().min(1).max(500),
});
export const holdSchema = z.object({
  id: z.string(),
  pointId: z.string(),
  kind: z.enum(["legal", "incident"]),
  reason: z.string(),
  placedBy: z.string(),
  placedAt: instantSchema,
  releasedBy: z.string().optional(),
  releasedAt: instantSchema.optional(),
});
export type ApiHold = z.output<typeof holdSchema>;

const packCountSchema = z.object({ packs: z.int(), bytes: z.number() });

/** What a sweep found and did in the data of one service. */
export const serviceSweepSchema = z.object({
  service: z.string(),
  points: z.array(
    z.object({
      id: z.string(),
      fate: z.enum(["marked", "waits", "deleted", "kept", "locked"]),
      reason: z.string(),
    }),
  ),
  stored: packCountSchema.describe("All that is stored of the service."),
  neededBytes: z.number().describe("Bytes before compression that points need."),
  chunks: z.number(),
  marked: packCountSchema.describe("Needed by no point; deleted by a later sweep, when the grace is over."),
  waiting: packCountSchema.describe("Marked by an earlier sweep, and not to be deleted yet."),
  deleted: packCountSchema,
  kept: packCountSchema.describe("Marked by an earlier sweep, and needed again."),
  repacked: packCountSchema.describe("Mostly not needed: the rest was written anew, and these are marked."),
  indexes: z.object({ written: z.int(), deleted: z.int() }),
  locked: z.array(z.string()).describe("Objects that the store keeps for now."),
  notes: z.array(z.string()).describe("Why something was not done."),
});

export const sweepCreateSchema = z.strictObject({
  dryRun: z.boolean().default(false).describe("Only says what sweeps would delete, were every grace over."),
});
export const sweepSchema = z.object({
  id: z.string(),
  repository: z.string(),
  dryRun: z.boolean(),
  requestedBy: z.string(),
  state: z.enum(["running", "succeeded", "failed"]),
  startedAt: instantSchema,
  finishedAt: instantSchema.optional(),
  services: z.array(serviceSweepSchema).optional(),
  error: errorValueSchema.optional(),
});
export type ApiSweep = z.output<typeof sweepSchema>;
