import { formatSize } from "@muster/core";
import { type ApiSweep, pageOf, sweepSchema } from "@muster/protocol";
import type { Command } from "commander";
import { countOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import { confirm } from "../confirm.ts";
import { listPages } from "../pages.ts";
import { sweepText } from "../render/sweep.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";

/** A sweep of a large repository takes long, in milliseconds. */
const longest = 24 * 3_600_000;

/** `muster repository sweep` and `sweeps`: delete what has expired. */
export function addRepositorySweeps(repository: Command, cli: Cli): void {
  repository
    .command("sweep <name>")
    .description(
      "mark what has expired, and delete what was marked before the grace; exit code 6 when something was left",
    )
    .option("--dry-run", "only say what sweeps would delete, were every grace over, and why")
    .option("--yes", "do not ask")
    .action(async (name: string, { dryRun = false, yes = false }: { dryRun?: boolean; yes?: boolean }) => {
      const client = await cli.client();
      if (!dryRun && !yes) await confirm(cli, `Sweep ${name}? What was marked before the grace is deleted for good.`);
      cli.note(`sweeping ${name} …`);
      const path = `/api/v1/repositories/${encodeURIComponent(name)}/sweeps`;
      const sweep = await client.post(path, sweepSchema, { dryRun }, { timeout: longest });
      cli.print(sweep, () => sweepText(cli.style, sweep));
      if (sweep.services?.some(({ notes, locked }) => notes.length + locked.length > 0)) cli.end("partial");
    });

  repository
    .command("sweeps <name>")
    .description("list sweeps, newest first")
    .option("--limit <number>", "how many", "20")
    .action(async (name: string, { limit }: { limit: string }) => {
      const path = `/api/v1/repositories/${encodeURIComponent(name)}/sweeps`;
      const query = { limit: countOf(limit, "--limit") };
      const sweeps = await listPages(await cli.client(), path, pageOf(sweepSchema), query);
      cli.print(sweeps, () => sweepTable(cli, sweeps));
    });
}

function sweepTable({ style }: Cli, sweeps: readonly ApiSweep[]): string {
  const rows = sweeps.map(({ startedAt, requestedBy, state, dryRun, services = [], id, error }) => {
    const sum = (of: "deleted" | "marked"): string => formatSize(services.reduce((all, one) => all + one[of].bytes, 0));
    const points = services.flatMap((one) => one.points).filter(({ fate }) => fate === "deleted").length;
    const shown = state === "failed" ? style.bad(error?.code ?? "failed") : dryRun ? style.dim("dry run") : state;
    return [moment(startedAt), requestedBy, shown, String(points), sum("deleted"), sum("marked"), id];
  });
  return table(["MOMENT", "BY", "STATE", "POINTS DELETED", "DELETED", "MARKED", "SWEEP"], rows, {
    style,
    right: [3, 4, 5],
  });
}
