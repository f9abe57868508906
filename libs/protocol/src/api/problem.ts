import { z } from "zod";

/** RFC 9457 problem document; `code` is from the error registry (docs/errors.md). */
export const problemSchema = z.object({
  type: z.string().describe("A link to the page of the error code."),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string(),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.output<typeof problemSchema>;

/** A place in a plan file with what is wrong there. */
export const findingSchema = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning", "info"]),
  message: z.string(),
  hint: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  path: z.string().optional(),
});
export type ApiFinding = z.output<typeof findingSchema>;

/** Query of every list: newest first; `cursor` is the `next` of the page before. */
export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().optional(),
});

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

/** An instant: ISO 8601 with an explicit offset. */
export const instantSchema = z.iso.datetime({ offset: true });

export const errorValueSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** One server-sent event of `/api/v1/events` and `/api/v1/recoveries/:id/events`. */
export const eventSchema = z.object({
  id: z.string(),
  type: z.enum(["host", "probe", "backup", "point", "recovery", "plan", "audit"]),
  at: instantSchema,
  subject: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type ApiEvent = z.output<typeof eventSchema>;
