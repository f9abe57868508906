import { MusterError, systemClock } from "@muster/core";
import { type ApiRecovery, pageOf, recoverySchema } from "@muster/protocol";
import type { Command } from "commander";
import { countOf, timeoutOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import type { Client } from "../client.ts";
import { listPages } from "../pages.ts";
import { recoveryLines } from "../render/recovery.ts";
import { recoveryEndText } from "../render/recovery-end.ts";
import { table } from "../render/table.ts";
import { ago, duration } from "../render/time.ts";
import { waitLimit } from "../wait.ts";
import { watchToEnd } from "../watch-recovery.ts";
import { addRecoveryActs } from "./recovery-acts.ts";

/** `muster recoveries`: look at them, and act on them. Without an id the one at work is meant, else the newest. */
export function addRecoveries(program: Command, cli: Cli): void {
  const recoveries = program.command("recoveries").description("recoveries under way and past");
  addList(recoveries, cli);
  addShow(recoveries, cli);
  addWatch(recoveries, cli);
  addRecoveryActs(recoveries, cli);
}

function addList(recoveries: Command, cli: Cli): void {
  recoveries
    .command("list", { isDefault: true })
    .description("list recoveries, newest first")
    .option("--active", "only those under way")
    .option("--limit <number>", "how many", "20")
    .action(async ({ active = false, limit }: { active?: boolean; limit: string }) => {
      const query = { active, limit: countOf(limit, "--limit") };
      const items = await listPages(await cli.client(), "/api/v1/recoveries", pageOf(recoverySchema), query);
      cli.print(items, () => recoveryTable(cli, items));
    });
}

function addShow(recoveries: Command, cli: Cli): void {
  recoveries
    .command("show [id]")
    .description("show one with all its steps")
    .action(async (id: string | undefined) => {
      const recovery = await findRecovery(await cli.client(), id);
      const lines = () => recoveryLines(recovery, { style: cli.style, now: systemClock.now() });
      cli.print(recovery, () => [...lines(), "", recoveryEndText(recovery, cli.style)].join("\n"));
    });
}

function addWatch(recoveries: Command, cli: Cli): void {
  recoveries
    .command("watch [id]")
    .description("follow one to its end; Ctrl-C ends only the watching")
    .option("--timeout <duration>", "no longer than this")
    .action(async (id: string | undefined, { timeout }: { timeout?: string }) => {
      const client = await cli.client();
      const recovery = await findRecovery(client, id);
      await watchToEnd(cli, client, recovery.id, waitLimit(timeoutOf(timeout), cli.signal));
    });
}

/** The recovery of this id; without one that at work, or the newest. Throws `not-found`. */
export async function findRecovery(client: Client, id: string | undefined): Promise<ApiRecovery> {
  if (id !== undefined) return client.get(`/api/v1/recoveries/${encodeURIComponent(id)}`, recoverySchema);
  for (const active of [true, false]) {
    const [newest] = await listPages(client, "/api/v1/recoveries", pageOf(recoverySchema), { active, limit: 1 });
    if (newest !== undefined) return newest;
  }
  throw new MusterError("not-found", "there has been no recovery yet", { hint: "Start one with: muster recover" });
}

function recoveryTable({ style }: Cli, recoveries: readonly ApiRecovery[]): string {
  const rows = recoveries.map((recovery) => [
    ...[recovery.id, recovery.mode === "drill" ? "DRILL" : "real", stateText(recovery, style)],
    ...[recovery.scenario ?? [...new Set(recovery.steps.map(({ service }) => service))].join(", ")],
    ...[ago(recovery.createdAt, systemClock.now()), recovery.createdBy.replace(/^user:/, "")],
    ...[duration(recovery.achieved?.rtoMs), duration(recovery.achieved?.rpoMs), recovery.aside.replaceAll("_", " ")],
  ]);
  const headings = ["RECOVERY", "MODE", "STATE", "WHAT", "BEGUN", "BY", "ACTUAL RTO", "ACTUAL RPO", "OLD DATA"];
  return table(headings, rows, { style });
}

function stateText({ state }: ApiRecovery, style: Cli["style"]): string {
  const words = state.replaceAll("_", " ");
  if (state === "succeeded") return style.good(words);
  return state === "failed" || state === "timed_out" ? style.bad(words) : style.warn(words);
}
