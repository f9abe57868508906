import { z } from "zod";
import { defaultDataDirectory } from "../data/directory.ts";
import { probeConfigSchema } from "../probes/config.ts";
import { sourceConfigSchema } from "../sources/registry.ts";
import { durationField, nameField } from "./fields.ts";

const actionSchema = z.strictObject({
  /** Program and arguments; no shell sees them. */
  argv: z.array(z.string().min(1)).min(1),
  timeout: durationField.default(60_000),
  /** Variables of the agent's own environment that the action gets, beside PATH, HOME, LANG and TZ. */
  env: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of a variable")).default([]),
  cwd: z.string().startsWith("/", "must be an absolute path").optional(),
  /** Runs as this user; only when the agent runs as root. */
  user: z.string().optional(),
});

const limitsSchema = z.strictObject({
  /** Jobs (backups, restores) at once. */
  jobs: z.int().min(1).max(64).default(4),
  /** How long a job or action has to end by itself when it is stopped. */
  grace: durationField.default(10_000),
  /** How long the control plane may be away before backups run by themselves. */
  offlineAfter: durationField.default(5 * 60_000),
});

/** What this host adds to the address of a repository in S3, which the control plane knows. No secrets: names of files. */
const repositorySchema = z.strictObject({
  /** A shared credentials file as the AWS tools have it; without it the agent's environment, then their default chain. */
  credentialsFile: z.string().startsWith("/", "must be an absolute path").optional(),
  /** The section of that file. */
  profile: z.string().min(1).optional(),
  /** PEM file with the authority of the server's certificate. */
  caFile: z.string().startsWith("/", "must be an absolute path").optional(),
});

/** agent.yaml: what the control plane may name on this host. */
export const agentConfigSchema = z.strictObject({
  data: z.string().startsWith("/", "must be an absolute path").default(defaultDataDirectory),
  sources: z.record(nameField, sourceConfigSchema).default({}),
  probes: z.record(nameField, probeConfigSchema).default({}),
  actions: z.record(nameField, actionSchema).default({}),
  /** By the control plane's name of the repository. */
  repositories: z.record(nameField, repositorySchema).default({}),
  limits: limitsSchema.prefault({}),
});

export type AgentConfig = z.infer<typeof agentConfigSchema>;
export type ActionConfig = z.infer<typeof actionSchema>;
