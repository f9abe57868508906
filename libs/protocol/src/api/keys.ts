import { z } from "zod";
import { instantSchema } from "./problem.ts";

export const repositoryKeySchema = z.object({
  id: z.string(),
  method: z.string().describe("passphrase, x25519, kms, or unknown: of a later version."),
  whole: z.boolean().describe("False when its file is damaged: it opens nothing."),
  own: z.boolean().describe("The one that this control plane opens the repository with."),
  addedAt: instantSchema,
  label: z.string().optional(),
  holder: z.string().optional().describe("The printed public key, or the ARN of the key service's key."),
});
export type ApiRepositoryKey = z.output<typeof repositoryKeySchema>;

export const keyAddSchema = z
  .strictObject({
    publicKey: z.string().min(1).optional(),
    kmsKey: z.string().min(1).optional(),
    passphrase: z.string().min(12, "has fewer than 12 characters").optional(),
    label: z.string().min(1).max(200).optional().describe("For people: whose key it is."),
  })
  .refine(
    ({ publicKey, kmsKey, passphrase }) =>
      [publicKey, kmsKey, passphrase].filter((one) => one !== undefined).length === 1,
    {
      message: "give exactly one of publicKey, kmsKey and passphrase",
    },
  );

export const keyAddedSchema = z.object({ id: z.string() });

export const keyRotateSchema = z.strictObject({
  keepOld: z.boolean().default(false).describe("The old key goes on to open the repository."),
});
export const rotatedSchema = z.object({
  added: z.string(),
  old: z.string(),
  removed: z.boolean(),
  reason: z.string().optional().describe("Why the old key is still there."),
});

/** What the control plane says while it reads a repository's manifests: an event of the type `point`, its subject the repository. */
export const rebuildProgressSchema = z.object({
  subject: z.string(),
  data: z.object({ rebuild: z.object({ service: z.string(), done: z.int(), total: z.int(), points: z.int() }) }),
});

export const catalogRebuiltSchema = z.object({
  repository: z.string(),
  found: z.int(),
  added: z.int(),
  missing: z.array(z.string()).describe("Points of the catalog whose manifest is gone."),
});
export type ApiCatalogRebuilt = z.output<typeof catalogRebuiltSchema>;
