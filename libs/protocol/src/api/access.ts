import { z } from "zod";
import { instantSchema } from "./problem.ts";

/** Each role may do what the ones before it may. */
export const roles = ["viewer", "operator", "approver", "admin"] as const;
export const roleSchema = z.enum(roles);
export type Role = z.output<typeof roleSchema>;

export const tokenCreateSchema = z.strictObject({
  name: z.string().min(1).max(80),
  role: roleSchema,
  /** Seconds; without it the token does not expire. */
  expiresIn: z.int().min(1).optional(),
});

export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  createdAt: instantSchema,
  expiresAt: instantSchema.optional(),
  revokedAt: instantSchema.optional(),
});
export const tokenCreatedSchema = tokenSchema.extend({ token: z.string().describe("Shown once.") });

export const enrolmentTokenCreateSchema = z.strictObject({
  host: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  /** Seconds. */
  expiresIn: z.int().min(1).max(604_800).default(3600),
});
export const enrolmentTokenSchema = z.object({
  host: z.string(),
  /** One string with everything the agent needs: `muster1.<base64url JSON of {server, fingerprint, secret}>`. */
  token: z.string(),
  expiresAt: instantSchema,
  command: z.string().describe("What to run on the host."),
});

export const auditRecordSchema = z.object({
  seq: z.int(),
  at: instantSchema,
  actor: z.string().describe("user:NAME, host:NAME or system"),
  action: z.string().describe("noun.verb, such as recovery.approve"),
  subject: z.string(),
  details: z.record(z.string(), z.unknown()),
  hash: z.string(),
  previous: z.string(),
});
export type ApiAuditRecord = z.output<typeof auditRecordSchema>;
export const auditVerdictSchema = z.object({
  ok: z.boolean(),
  records: z.int(),
  brokenAt: z.int().optional(),
  message: z.string(),
});
