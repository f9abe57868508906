import { parseDuration, parseSize } from "@muster/core";
import { z } from "zod";

const port = z.coerce.number<number | string>().int().min(0).max(65_535);

/** `7d`, `10s`; milliseconds in the result. */
const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue(`"${text}" is not a duration: write it like 10s, 15m or 7d`);
    return z.NEVER;
  }
});

/** `500GB`, `1GiB`; bytes in the result. */
const size = z.union([z.string(), z.number()]).transform((given, context) => {
  try {
    return parseSize(String(given));
  } catch {
    context.addIssue(`"${given}" is not a size: write it like 500GB or 10GiB`);
    return z.NEVER;
  }
});

/** control-plane.yaml. Relative paths are taken from the file's own folder. */
export const configSchema = z.strictObject({
  data: z.string().min(1).default("/var/lib/muster-control-plane").describe("Folder for everything of its own."),
  database: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must begin with postgres://")
    .optional()
    .describe("postgres://…; better in DATABASE_URL, since it holds a password."),
  http: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      port: port.default(7400),
      tls: z.strictObject({ cert: z.string(), key: z.string() }).optional().describe("PEM files."),
    })
    .prefault({}),
  agents: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      sessionPort: port.default(7443),
      enrolPort: port.default(7444),
      advertise: z.string().min(1).optional().describe("Name or address under which agents reach it."),
      certificateLife: duration.prefault("7d"),
      heartbeat: duration.prefault("10s").refine((ms) => ms >= 1000, "must be at least 1s"),
    })
    .prefault({}),
  repositories: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and -"),
      z.strictObject({
        url: z
          .string()
          .min(1)
          .describe("file:///…, a path, s3://bucket/prefix?region=… or vault:; see docs/repositories.md."),
        keyFile: z.string().min(1).optional().describe("The passphrase; made at the first start."),
        copyOf: z
          .string()
          .min(1)
          .optional()
          .describe("Name of the repository that it is a copy of; it has that one's keys."),
        verifyEvery: duration
          .optional()
          .describe("Everything in it is read and checked once in this time, a part each day: 30d. Never without it."),
        kmsKey: z.string().min(1).optional().describe("ARN of a key of AWS KMS that opens it, in place of keyFile."),
        credentialsFile: z
          .string()
          .min(1)
          .optional()
          .describe("S3: a shared credentials file as the AWS tools have it."),
        profile: z.string().min(1).optional().describe("S3: the section of that file."),
        caFile: z.string().min(1).optional().describe("S3: PEM file with the authority of the server's certificate."),
        sweep: z
          .union([
            z.literal("off"),
            z.strictObject({
              every: duration.prefault("6h"),
              grace: duration.prefault("24h").describe("From a mark to the deletion. Longer than a restore takes."),
              credentialsFile: z
                .string()
                .min(1)
                .optional()
                .describe("S3: those that may delete; agents have none such."),
              profile: z.string().min(1).optional().describe("S3: the section of that file."),
            }),
          ])
          .optional()
          .describe("Deletion of what has expired. In S3 only when this is given; elsewhere unless it is `off`."),
      }),
    )
    .default({}),
  ownBackups: z
    .strictObject({
      every: z
        .union([
          z.literal("off").transform(() => undefined),
          duration.refine((ms) => ms >= 60_000, "must be at least 1m"),
        ])
        .prefault("1h")
        .describe(
          "How often the control plane backs up its own database; soon after each act of a person as well. off: never.",
        ),
      repositories: z
        .array(z.string())
        .min(1)
        .optional()
        .describe("Into which repositories; all of them when left out."),
    })
    .prefault({}),
  vault: z
    .strictObject({
      port: port.default(7445),
      directory: z.string().min(1).optional().describe("Folder of its repositories; vault in the data folder."),
      quota: size.optional().describe("The most that each repository may hold."),
      quotaPerHost: size.optional().describe("The most that one host's services may hold in each repository."),
      keepFree: size.prefault("1GiB").describe("What stays free on its disk."),
    })
    .prefault({}),
  status: z.strictObject({ title: z.string().min(1).max(100).default("Status") }).prefault({}),
});

export type FileConfig = z.output<typeof configSchema>;
