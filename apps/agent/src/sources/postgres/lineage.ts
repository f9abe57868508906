import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "@muster/core";
import { writeDurably } from "../disk.ts";
import type { SourceContext } from "../source.ts";

type Context = Pick<SourceContext, "stateDirectory">;

/** System identifiers of clusters that this source was restored into: after a lost data directory the cluster is a new one. */
export async function knownIdentifiers(context: Context): Promise<string[]> {
  try {
    return JSON.parse(await readFile(file(context), "utf8")) as string[]; // written below only
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Remembers a cluster as one of this source's. */
export async function addIdentifier(context: Context, identifier: string): Promise<void> {
  const known = await knownIdentifiers(context);
  if (!known.includes(identifier)) await writeDurably(file(context), JSON.stringify([...known, identifier]));
}

function file({ stateDirectory }: Context): string {
  return join(stateDirectory, "clusters.json");
}
