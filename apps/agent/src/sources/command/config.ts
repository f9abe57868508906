import { parseDuration } from "@muster/core";
import { z } from "zod";

const argv = z.array(z.string().min(1)).min(1);

const duration = z.string().refine(
  (text) => {
    try {
      return parseDuration(text) > 0;
    } catch {
      return false;
    }
  },
  { message: "must be a duration like 90s, 15m or 1h30m" },
);

/** Any tool that writes a backup to stdout and restores it from stdin. Programs run without a shell. */
export const commandConfigSchema = z.strictObject({
  type: z.literal("command"),
  backup: argv,
  restore: argv,
  /** Moves what is there aside, before `restore`; must do nothing when it did so already for the same MUSTER_ASIDE_ID. */
  moveAside: argv.optional(),
  accept: argv.optional(),
  /** Puts back what `moveAside` moved. */
  rollBack: argv.optional(),
  /** Prints a JSON object of facts. */
  inspect: argv.optional(),
  /** Fails when a restore would: its stderr is the reason. */
  check: argv.optional(),
  timeout: duration.default("1h"),
  /** Plain values; secrets go by `passEnvironment` or `secretFile`/`secretEnv` (seen by the tool as MUSTER_SECRET). */
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  /** Names of variables of the agent's own environment that the tools get. */
  passEnvironment: z.array(z.string()).default([]),
  secretFile: z.string().optional(),
  secretEnv: z.string().optional(),
  /** The restore overwrites what is there, and the operator knows it. */
  irreversible: z.boolean().default(false),
  /** An empty backup stream is an error unless this is set. */
  allowEmpty: z.boolean().default(false),
});

export type CommandConfig = z.infer<typeof commandConfigSchema>;
