import { z } from "zod";
import { durationField, nameField, sizeField } from "../config/fields.ts";

const timing = {
  interval: durationField.default(30_000),
  timeout: durationField.default(10_000),
  /** Failures in a row before the state is failing, less one. */
  retries: z.int().min(0).max(100).default(3),
  /** Failures do not count for so long after the agent's start. */
  startPeriod: durationField.default(0),
};
const port = z.int().min(1).max(65_535);
const secret = { passwordFile: z.string().optional(), passwordEnv: z.string().optional() };
const pattern = z.string().refine(isPattern, "is not a regular expression");

export const probeConfigSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("http"),
    url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
    method: z.enum(["GET", "HEAD", "POST"]).default("GET"),
    /** The status that means healthy; default: any from 200 to 299. */
    status: z.int().min(100).max(599).optional(),
    contains: z.string().optional(),
    matches: pattern.optional(),
    headers: z.record(z.string(), z.string()).default({}),
    followRedirects: z.boolean().default(false),
    ...timing,
  }),
  z.strictObject({ type: z.literal("tcp"), host: z.string().default("127.0.0.1"), port, ...timing }),
  z.strictObject({
    type: z.literal("postgres"),
    /** A host name, an address, or the directory of a socket. */
    host: z.string().default("127.0.0.1"),
    port: port.default(5432),
    database: z.string().default("postgres"),
    user: z.string().default("postgres"),
    query: z.string().default("SELECT 1"),
    /** What the first column of the first row must be, as text; default: anything but the boolean false. */
    expect: z.string().optional(),
    ...secret,
    ...timing,
  }),
  z.strictObject({
    type: z.literal("redis"),
    host: z.string().default("127.0.0.1"),
    port: port.default(6379),
    user: z.string().optional(),
    /** Also wants `loading:0`: the data set is in memory. */
    loaded: z.boolean().default(true),
    ...secret,
    ...timing,
  }),
  z.strictObject({ type: z.literal("disk"), path: z.string(), minFree: sizeField, ...timing }),
  z.strictObject({ type: z.literal("action"), action: nameField, ...timing }),
]);

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

export type ProbeConfig = z.infer<typeof probeConfigSchema>;
export type ProbeOf<T extends ProbeConfig["type"]> = Extract<ProbeConfig, { type: T }>;
