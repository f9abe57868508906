import { systemClock } from "@muster/core";
import { backupSchema, pageOf } from "@muster/protocol";
import type { Command } from "commander";
import { countOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import { listPages } from "../pages.ts";
import { backupTable } from "../render/backup.ts";

interface BackupsOptions {
  readonly service?: string;
  readonly host?: string;
  readonly state?: string;
  readonly limit: string;
}

/** `muster backups`: the runs, newest first. What they made is listed by `muster points`. */
export function addBackups(program: Command, cli: Cli): void {
  program
    .command("backups")
    .description("list backup runs, newest first")
    .option("--service <name>", "only of this service")
    .option("--host <name>", "only on this host")
    .option("--state <state>", "only in this state: queued, running, succeeded, failed, cancelled")
    .option("--limit <number>", "how many", "20")
    .action(async ({ limit, ...filter }: BackupsOptions) => {
      const query = { ...filter, limit: countOf(limit, "--limit") };
      const items = await listPages(await cli.client(), "/api/v1/backups", pageOf(backupSchema), query);
      cli.print(items, () => backupTable(items, { style: cli.style, now: systemClock.now() }));
    });
}
