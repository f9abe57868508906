import { retentionDecisionSchema } from "@muster/protocol";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { confirm } from "../confirm.ts";
import { itemsOf } from "../pages.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";

type Decision = ReturnType<typeof retentionDecisionSchema.parse>;

/** `muster retention`: which points are kept, and why. */
export function addRetention(program: Command, cli: Cli): void {
  const retention = program.command("retention").description("which recovery points are kept, and why");

  retention
    .command("preview", { isDefault: true })
    .description("what retention would do now")
    .action(async () => {
      const { items } = await (await cli.client()).get("/api/v1/retention/preview", itemsOf(retentionDecisionSchema));
      cli.print(items, () => decisionTable(cli, items));
    });

  retention
    .command("run")
    .description("mark points that no rule keeps as expired; their data stays for now")
    .option("--yes", "do not ask")
    .action(async ({ yes }: { yes?: boolean }) => {
      const client = await cli.client();
      const { items: planned } = await client.get("/api/v1/retention/preview", itemsOf(retentionDecisionSchema));
      const going = planned.filter(({ keep }) => !keep);
      if (going.length > 0 && yes !== true)
        await confirm(cli, `${decisionTable(cli, going)}\nExpire these ${going.length} points?`);
      const { items } = await client.post("/api/v1/retention/run", itemsOf(retentionDecisionSchema));
      const expired = items.filter(({ keep }) => !keep);
      cli.print(items, () => `${expired.length} points expired, ${items.length - expired.length} kept`);
    });
}

function decisionTable({ style }: Cli, decisions: readonly Decision[]): string {
  const rows = decisions.map(({ takenAt, service, source, keep, reasons, pointId }) => [
    ...[moment(takenAt), `${service}/${source}`, keep ? style.good("keep") : style.warn("expire")],
    ...[reasons.join(", "), pointId],
  ]);
  return table(["MOMENT", "SOURCE", "DECISION", "WHY", "POINT"], rows, { style });
}
