import { z } from "zod";
import { instantSchema } from "./problem.ts";

/** Component states of the Statuspage v2 API. */
export const componentStates = [
  "operational",
  "degraded_performance",
  "partial_outage",
  "major_outage",
  "under_maintenance",
] as const;
export const componentStateSchema = z.enum(componentStates);

/** What a further repository of a policy has of a source. */
export const copyStateSchema = z.object({
  repository: z.string(),
  /** Moment of the newest point there that was not found damaged; absent without one. */
  latestPointAt: instantSchema.optional(),
  /** How old that is: what would be lost if everything else died now. */
  seconds: z.number().optional(),
  /** Why the last copy failed; absent when it did not. */
  lastError: z.string().optional(),
});
export type ApiCopyState = z.output<typeof copyStateSchema>;

export const exposureSchema = z.object({
  source: z.string(),
  /** Data that would be lost if the source died now, in seconds; absent when there is no point. */
  seconds: z.number().optional(),
  rpoSeconds: z.number().optional(),
  state: z.enum(["ok", "at-risk", "breached", "unprotected"]),
  latestPointAt: instantSchema.optional(),
  nextDueAt: instantSchema.optional(),
  lastError: z.string().optional(),
  /** What was doubtful about the newest point, in words. */
  warnings: z.array(z.string()).default([]),
  /** The further repositories that the policy names. */
  copies: z.array(copyStateSchema).default([]),
  measuredAt: instantSchema,
  measuredBy: z.string().describe("How the number was made, in words."),
});

export const serviceStatusSchema = z.object({
  plan: z.string(),
  service: z.string(),
  description: z.string().optional(),
  tier: z.int(),
  tierName: z.string(),
  host: z.string(),
  hostOnline: z.boolean(),
  /** The host on which its newest recovery brought it back, while the plan still names another one. */
  movedTo: z.string().optional(),
  status: componentStateSchema,
  since: instantSchema.optional(),
  probes: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      message: z.string().optional(),
      checkedAt: instantSchema.optional(),
    }),
  ),
  sources: z.array(exposureSchema),
  rtoSeconds: z.number().optional(),
  rpoSeconds: z.number().optional(),
  /** How long it would take to come back now, from the measured steps of earlier recoveries; absent before there were any. */
  forecastSeconds: z.number().optional(),
  exposureSeconds: z.number().optional(),
  exposureState: z.enum(["ok", "at-risk", "breached", "unprotected"]),
  /**
   * How old the newest copy outside the first repository is, of the source that has the oldest; absent when no policy names a further
   * repository, and when a source that should have a copy has none.
   */
  copySeconds: z.number().optional(),
  recovery: z.string().optional().describe("Id of the recovery at work on it."),
});
export type ApiServiceStatus = z.output<typeof serviceStatusSchema>;

export const fleetStatusSchema = z.object({
  at: instantSchema,
  indicator: z.enum(["none", "minor", "major", "critical"]),
  description: z.string(),
  services: z.array(serviceStatusSchema),
  /** The control plane's own backups, by repository; empty when they are off. */
  controlPlane: z
    .array(
      z.object({
        repository: z.string(),
        latestPointAt: instantSchema.optional(),
        everySeconds: z.number(),
        state: z.enum(["ok", "late", "unprotected"]),
        lastError: z.string().optional(),
      }),
    )
    .default([]),
  activeRecoveries: z.array(z.object({ id: z.string(), mode: z.string(), state: z.string() })),
});
export type ApiFleetStatus = z.output<typeof fleetStatusSchema>;
