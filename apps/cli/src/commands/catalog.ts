import {
  type ApiCatalogRebuilt,
  catalogRebuiltSchema,
  rebuildProgressSchema,
  repositorySchema,
} from "@muster/protocol";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import type { Client } from "../client.ts";
import { itemsOf } from "../pages.ts";

/** Reading every manifest of a repository takes long, in milliseconds. */
const longest = 3_600_000;

/** `muster catalog rebuild`: makes the catalog say what the repositories hold. */
export function addCatalog(program: Command, cli: Cli): void {
  program
    .command("catalog")
    .description("the control plane's list of recovery points")
    .command("rebuild")
    .description("read every manifest; exit code 3 when points of the catalog are missing in the repository")
    .option("--repository <name>", "only this one")
    .action(async ({ repository }: { repository?: string }) => {
      const client = await cli.client();
      const names =
        repository === undefined
          ? (await client.get("/api/v1/repositories", itemsOf(repositorySchema))).items.map(({ name }) => name)
          : [repository];
      const all: ApiCatalogRebuilt[] = [];
      for (const name of names) all.push(await rebuild(cli, client, name));
      cli.print(all, () => all.map(rebuiltText).join("\n"));
      if (all.some(({ missing }) => missing.length > 0)) cli.end("findings");
    });
}

async function rebuild(cli: Cli, client: Client, name: string): Promise<ApiCatalogRebuilt> {
  cli.note(`reading ${name} …`);
  const over = new AbortController();
  const showing = showProgress(cli, client, name, AbortSignal.any([over.signal, cli.signal]));
  try {
    const path = `/api/v1/repositories/${encodeURIComponent(name)}/rebuild`;
    return await client.post(path, catalogRebuiltSchema, {}, { timeout: longest });
  } finally {
    over.abort();
    await showing;
  }
}

/** Shows how far it is, as long as events come; what fails here does not matter to the result. */
async function showProgress(cli: Cli, client: Client, name: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const { data } of client.events("/api/v1/events?type=point", { signal })) {
      const event = rebuildProgressSchema.safeParse(JSON.parse(data));
      if (!event.success || event.data.subject !== name) continue;
      const { service, done, total, points } = event.data.data.rebuild;
      cli.note(`  ${done} of ${total} services read: ${service}, ${points} points`);
    }
  } catch {
    // the end of the rebuild, or a lost stream: the answer itself tells
  }
}

function rebuiltText({ repository, found, added, missing }: ApiCatalogRebuilt): string {
  const head = `${repository}: ${found} points found, ${added} of them new to the catalog, ${missing.length} missing`;
  return [head, ...missing.map((id) => `  missing: ${id}`)].join("\n");
}
