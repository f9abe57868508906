import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { z } from "zod";
import { parseJson } from "./keys/key-file.ts";

export const repositoryKey = "repository.json";
export const formatName = "muster-repository";
export const formatVersion = 1;

const repositorySchema = z.object({
  format: z.literal(formatName),
  version: z.literal(formatVersion),
  id: z.string().min(1),
  createdAt: z.number(),
  /** Tells the master key from another; repositories made before it have none. */
  keyCheck: z.base64url().optional(),
});

export type RepositoryFile = z.output<typeof repositorySchema>;

/** Reads what a store says about its repository. Throws `repository-missing`, `repository-corrupt`. */
export async function readRepositoryFile(store: ObjectStore): Promise<RepositoryFile> {
  const bytes = await store.get(repositoryKey).catch((thrown: unknown) => {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-missing") throw thrown;
    throw new MusterError("repository-missing", `there is no repository in the ${store.description}`, {
      cause: thrown,
    });
  });
  const parsed = repositorySchema.safeParse(parseJson(bytes, repositoryKey));
  if (parsed.success) return parsed.data;
  throw new MusterError("repository-corrupt", `${repositoryKey} is not of format ${formatName} ${formatVersion}`, {
    cause: parsed.error,
    hint: "If a newer Muster wrote it, use that one.",
  });
}
