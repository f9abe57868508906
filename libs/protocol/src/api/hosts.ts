import { z } from "zod";
import { instantSchema } from "./problem.ts";

export const probeStateSchema = z.enum(["starting", "passing", "failing", "unknown"]);

export const hostSchema = z.object({
  name: z.string(),
  state: z.enum(["online", "offline", "revoked"]),
  agentVersion: z.string().optional(),
  enrolledAt: instantSchema,
  lastSeenAt: instantSchema.optional(),
  certificateExpiresAt: instantSchema.optional(),
  /** Host's clock against the control plane's, in milliseconds, as last measured. */
  clockOffsetMs: z.number().optional(),
  load: z
    .object({
      load1: z.number(),
      memoryAvailableBytes: z.number(),
      agentRssBytes: z.number(),
      disks: z.array(z.object({ path: z.string(), sizeBytes: z.number(), freeBytes: z.number() })),
      at: instantSchema,
    })
    .optional(),
  sources: z.array(
    z.object({ name: z.string(), type: z.string(), location: z.string(), facts: z.record(z.string(), z.unknown()) }),
  ),
  probes: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      target: z.string(),
      state: probeStateSchema,
      since: instantSchema.optional(),
      checkedAt: instantSchema.optional(),
      latencyMs: z.number().optional(),
      message: z.string().optional(),
    }),
  ),
  actions: z.array(z.string()),
});
export type ApiHost = z.output<typeof hostSchema>;
