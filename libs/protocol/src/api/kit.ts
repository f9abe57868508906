import { z } from "zod";
import { repositoryKeySchema } from "./keys.ts";
import { instantSchema } from "./problem.ts";

const kitSourceSchema = z.object({
  source: z.string(),
  type: z.string(),
  /** Where it is on its host. */
  location: z.string().optional(),
  repository: z.string(),
  latestPointAt: instantSchema.optional(),
  latestPoint: z.string().optional(),
  bytes: z.number().optional(),
  /** What the newest point says of its server: version, data directory. */
  serverVersion: z.string().optional(),
  dataDirectory: z.string().optional(),
});

/** What is needed on the worst day; `muster kit` prints it. */
export const kitSchema = z.object({
  at: instantSchema,
  version: z.string(),
  withSecrets: z.boolean(),
  controlPlane: z.object({
    dataDirectory: z.string(),
    configFile: z.string().optional(),
    database: z.enum(["embedded", "postgresql"]),
    http: z.string(),
    sessions: z.string(),
    fingerprint: z.string(),
    ownBackups: z.array(z.object({ repository: z.string(), latestPointAt: instantSchema.optional() })),
  }),
  repositories: z.array(
    z.object({
      name: z.string(),
      url: z.string(),
      keyFile: z.string(),
      kmsKey: z.string().optional(),
      /** It is lost with the control plane's machine. */
      onControlPlane: z.boolean(),
      keys: z.array(repositoryKeySchema),
      /** Why its keys are not listed. */
      unreachable: z.string().optional(),
      /** The content of the key file, when it was asked for. */
      secret: z.string().optional(),
    }),
  ),
  hosts: z.array(z.object({ name: z.string(), state: z.string(), agentVersion: z.string().optional() })),
  plans: z.array(
    z.object({
      name: z.string(),
      version: z.int(),
      tiers: z.array(
        z.object({
          tier: z.int(),
          name: z.string(),
          services: z.array(
            z.object({
              service: z.string(),
              description: z.string().optional(),
              host: z.string(),
              dependsOn: z.array(z.string()),
              actions: z.record(z.string(), z.string()),
              sources: z.array(kitSourceSchema),
            }),
          ),
        }),
      ),
    }),
  ),
});
export type ApiKit = z.output<typeof kitSchema>;
export type ApiKitSource = z.output<typeof kitSourceSchema>;
