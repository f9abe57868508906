import { type ApiAuditRecord, auditRecordSchema, auditVerdictSchema, pageOf } from "@muster/protocol";
import type { Command } from "commander";
import { countOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import { listPages } from "../pages.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";

/** `muster audit`: who did what, and is the record whole? */
export function addAudit(program: Command, cli: Cli): void {
  const audit = program.command("audit").description("the audit trail");

  audit
    .command("list", { isDefault: true })
    .description("list acts, newest first")
    .option("--limit <number>", "how many", "50")
    .action(async ({ limit }: { limit: string }) => {
      const query = { limit: countOf(limit, "--limit") };
      const items = await listPages(await cli.client(), "/api/v1/audit", pageOf(auditRecordSchema), query);
      cli.print(items, () => auditTable(cli, items));
    });

  audit
    .command("verify")
    .description("follow the chain of hashes; exit code 3 when a record was changed")
    .action(async () => {
      const verdict = await (await cli.client()).get("/api/v1/audit/verify", auditVerdictSchema);
      cli.print(verdict, () => (verdict.ok ? cli.style.good(verdict.message) : cli.style.bad(verdict.message)));
      if (!verdict.ok) cli.end("findings");
    });
}

function auditTable({ style }: Cli, records: readonly ApiAuditRecord[]): string {
  const rows = records.map(({ seq, at, actor, action, subject, details }) => [
    ...[String(seq), moment(at), actor, action, subject, style.dim(detailsText(details))],
  ]);
  return table(["NO", "AT", "WHO", "ACT", "ON", "DETAILS"], rows, { style, right: [0] });
}

function detailsText(details: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
