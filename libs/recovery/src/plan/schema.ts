import { parseDuration, parseSize } from "@muster/core";
import { z } from "zod";

/** Names of hosts, services, sources, policies …: what may stand in a path, a URL and a metric label. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "use lower-case letters, digits and hyphens, at most 63 characters");

/** A duration such as `15m`; milliseconds after parsing. */
export const durationSchema = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue({ code: "custom", message: `"${text}" is not a duration; write it like 90s, 15m, 1h30m or 7d` });
    return z.NEVER;
  }
});

export const objectivesSchema = z.strictObject({
  /** Time to come back. */
  rto: durationSchema.optional(),
  /** Data that may be lost. */
  rpo: durationSchema.optional(),
});

export const tierSchema = z.strictObject({
  /** 1 comes back first. */
  tier: z.int().min(1).max(100),
  name: z.string().min(1).max(80),
  objectives: objectivesSchema.optional(),
});

/** A number keeps that many, a duration such as `30d` keeps that long. */
const countOrAge = z.union([
  z
    .int()
    .min(0)
    .transform((count) => ({ kind: "count" as const, count })),
  z.string().transform((text, context) => {
    const age = durationSchema.safeParse(text);
    if (age.success) return { kind: "age" as const, age: age.data, text };
    context.addIssue({ code: "custom", message: `"${text}" is neither a number nor a duration such as 30d` });
    return z.NEVER;
  }),
]);

/** Grandfather-father-son. */
export const retentionSchema = z.strictObject({
  last: countOrAge.optional(),
  hourly: countOrAge.optional(),
  daily: countOrAge.optional(),
  weekly: countOrAge.optional(),
  monthly: countOrAge.optional(),
  yearly: countOrAge.optional(),
});

/** `22:00-06:00` of every day, over midnight when it ends before it begins; minutes of the day after parsing. */
const windowSchema = z.string().transform((text, context) => {
  const [, ...parts] = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = parts.map(Number);
  if (parts.length === 4) return { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };
  context.addIssue({ code: "custom", message: `"${text}" is not a time of day such as 22:00-06:00` });
  return z.NEVER;
});

/** Bytes, written like `20MB`. */
const sizeSchema = z.string().transform((text, context) => {
  try {
    const bytes = parseSize(text);
    if (bytes > 0) return bytes;
  } catch {
    // told below
  }
  context.addIssue({ code: "custom", message: `"${text}" is not a size; write it like 20MB or 512KiB` });
  return z.NEVER;
});

/** When and how fast points are copied to the further repositories of `copies`. */
export const copyingSchema = z.strictObject({
  /** Bytes per second at most, for each copy that runs. */
  limit: sizeSchema.optional(),
  /** Times of the day in which copying goes on; default: always. */
  windows: z.array(windowSchema).min(1).optional(),
});

export const policySchema = z.strictObject({
  /** `every 15m`, `hourly`, `daily 02:00`, `weekly sun 03:00`, `monthly 1 04:00`, or `cron 0 2 * * *`. One or several. */
  schedule: z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
  /** Each run starts at a point within this time after its due moment, always the same for a source. */
  jitter: durationSchema.default(0),
  /** A run that was missed is caught up when it is no older than this; default: one interval. */
  catchUp: durationSchema.optional(),
  /** A backup that takes longer is stopped. */
  timeout: durationSchema.default(6 * 3_600_000),
  retention: retentionSchema.optional(),
  /** Names of repositories of the control plane. */
  copies: z.array(nameSchema).min(1).default(["main"]),
  copying: copyingSchema.optional(),
});

/** What must hold before the next step: every probe passes so many times in a row. */
export const gateSchema = z.strictObject({
  /** Names of the service's probes; default: all of them. */
  probes: z.array(nameSchema).optional(),
  interval: durationSchema.default(1_000),
  /** Passes in a row that are needed. */
  successes: z.int().min(1).default(2),
  /** The gate fails after this time. */
  deadline: durationSchema.default(120_000),
  /** The probes must keep passing for this long after the successes. */
  stability: durationSchema.default(0),
});

export const actionsSchema = z.strictObject({
  /** Keeps everybody else from the service: out of the load balancer, masked, stopped elsewhere. */
  fence: nameSchema.optional(),
  stop: nameSchema.optional(),
  /** Makes an empty, running server for a source that restores through one (a PostgreSQL dump). */
  prepare: nameSchema.optional(),
  start: nameSchema.optional(),
  /** Opens traffic again, after the gate. */
  open: nameSchema.optional(),
});

export const sourceSchema = z.strictObject({
  /** Name of a policy; without one the source is backed up by hand only. */
  policy: nameSchema.optional(),
});

export const serviceSchema = z.strictObject({
  description: z.string().max(500).optional(),
  tier: z.int().min(1).max(100),
  host: nameSchema,
  objectives: objectivesSchema.optional(),
  /** Keys are names of sources in agent.yaml of the host. */
  sources: z.record(nameSchema, sourceSchema).default({}),
  dependsOn: z.array(nameSchema).default([]),
  /** Names of probes in agent.yaml of the host. */
  probes: z.array(nameSchema).default([]),
  /** Names of actions in agent.yaml of the host. */
  actions: actionsSchema.prefault({}),
  gate: gateSchema.prefault({}),
  /** Shown on the public status page. */
  public: z.boolean().default(true),
});

export const selectionSchema = z.strictObject({
  services: z.array(nameSchema).optional(),
  tiers: z.array(z.int()).optional(),
  hosts: z.array(nameSchema).optional(),
});

export const scenarioSchema = z.strictObject({
  description: z.string().max(500).optional(),
  objectives: objectivesSchema.optional(),
  /** What to restore; default: everything. */
  restore: selectionSchema.prefault({}),
  /** Restore what lived on one host onto another: `{db-1: db-2}`. */
  hosts: z.record(nameSchema, nameSchema).default({}),
  /** A recovery that has not ended so long after its start is stopped, as `timed_out`; default: it takes what it takes. */
  deadline: durationSchema.optional(),
  /** A person with the approver role must agree before anything is touched. */
  approve: z.boolean().default(false),
});

export const planSchema = z.strictObject({
  version: z.literal(1),
  name: nameSchema,
  description: z.string().max(2000).optional(),
  /** IANA name; schedules and retention count in it. */
  timezone: z.string(),
  objectives: objectivesSchema.prefault({}),
  tiers: z.array(tierSchema).default([]),
  policies: z.record(nameSchema, policySchema).default({}),
  services: z.record(
    nameSchema.refine((name) => name !== "control", "is reserved: the control plane's own backups have this name"),
    serviceSchema,
  ),
  scenarios: z.record(nameSchema, scenarioSchema).default({}),
  limits: z
    .strictObject({
      /** Backups at the same time on one host. */
      backupsPerHost: z.int().min(1).default(1),
      /** Recovery steps at the same time on one host. */
      stepsPerHost: z.int().min(1).default(2),
    })
    .prefault({}),
});

/** A plan after parsing: durations are milliseconds, defaults are filled in. */
export type Plan = z.output<typeof planSchema>;
export type Service = z.output<typeof serviceSchema>;
export type Policy = z.output<typeof policySchema>;
export type Copying = z.output<typeof copyingSchema>;
export type Retention = z.output<typeof retentionSchema>;
export type Objectives = z.output<typeof objectivesSchema>;
export type Gate = z.output<typeof gateSchema>;
export type Scenario = z.output<typeof scenarioSchema>;
export type Selection = z.output<typeof selectionSchema>;
