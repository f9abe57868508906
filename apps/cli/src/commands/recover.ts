import { MusterError, parseDuration, systemClock } from "@muster/core";
import { type ApiRecoveryPreview, type RecoveryRequest, recoveryPreviewSchema, recoverySchema } from "@muster/protocol";
import type { Command } from "commander";
import { collected, countOf, pairsOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import type { Client } from "../client.ts";
import { confirm, confirmByName, requireSomebodyToAsk } from "../confirm.ts";
import { previewText } from "../render/preview.ts";
import { parseTarget } from "../target-time.ts";
import { waitLimit } from "../wait.ts";
import { watchToEnd } from "../watch-recovery.ts";

interface RecoverOptions {
  readonly to: string;
  readonly scenario?: string;
  readonly service?: readonly string[];
  readonly tier?: readonly string[];
  readonly host?: readonly string[];
  readonly onto?: readonly string[];
  readonly failedAt?: string;
  readonly deadline?: string;
  readonly reason?: string;
  readonly drill?: boolean;
  readonly allowNewTarget?: boolean;
  readonly checks?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly watch?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** `muster recover`: shows the whole recovery, asks, starts it, and follows it when asked to. */
export function addRecover(program: Command, cli: Cli): void {
  program
    .command("recover")
    .description("bring services back: everything, or what the options name")
    .option("--to <time>", "latest, 2h ago, or a time with its offset: 2026-03-02T14:30:00+01:00", "latest")
    .option("--scenario <name>", "as this scenario of the plan says")
    .option("--service <name>", "this service; may be repeated", collected)
    .option("--tier <number>", "services of this tier; may be repeated", collected)
    .option("--host <name>", "services of this host; may be repeated", collected)
    .option("--onto <old=new>", "what lived on one host onto another: db-1=db-2; may be repeated", collected)
    .option("--failed-at <time>", "when the disaster began, for the actual RTO; default: the first failed probe")
    .option("--deadline <duration>", "stop it when it has not ended so long after its start; default: the scenario's")
    .option("--reason <text>", "for the audit trail")
    .option("--drill", "into isolated targets, to practise")
    .option("--allow-new-target", "also onto servers other than those that the points came from")
    .option("--no-checks", "preview without asking the agents; they are asked in any case before anything is touched")
    .option("--dry-run", "show it and stop; exit code 3 when something stands in the way")
    .option("--yes", "do not ask")
    .option("--watch", "follow it to its end")
    .option("--wait", "the same")
    .option("--timeout <duration>", "follow it no longer than this")
    .action((options: RecoverOptions) => recover(cli, options));
}

async function recover(cli: Cli, options: RecoverOptions): Promise<void> {
  const request = requestOf(options, systemClock.now());
  if (options.dryRun !== true && options.yes !== true) requireSomebodyToAsk(cli);
  const client = await cli.client();
  const query = { checks: options.checks !== false };
  const preview = await client.post("/api/v1/recoveries/preview", recoveryPreviewSchema, request, { query });
  const blocked = preview.findings.filter(({ severity }) => severity === "error").length;
  if (options.dryRun === true) {
    cli.print(preview, () => previewText(preview, cli.style));
    if (blocked > 0) cli.end("findings");
    return;
  }
  cli.note(`${previewText(preview, cli.style)}\n`);
  if (blocked > 0) {
    throw new MusterError(
      "checks-failed",
      `${blocked === 1 ? "an error stands" : `${blocked} errors stand`} in the way of this recovery`,
      {
        hint: "Mend what is named above; nothing was touched.",
      },
    );
  }
  if (options.yes !== true) await agree(cli, preview);
  await begin(cli, client, request, options);
}

/** Who restores in place replaces live data; that needs more than a slip of the finger. */
async function agree(cli: Cli, preview: ApiRecoveryPreview): Promise<void> {
  const inPlace = preview.mode === "real" && preview.sources.some(({ fromHost, toHost }) => fromHost === toHost);
  if (!inPlace) return confirm(cli, "Start this recovery?");
  const question = `This ${cli.style.bold("replaces live data")} in place; what is there now is kept aside.`;
  await confirmByName(cli, question, preview.plan.name);
}

async function begin(cli: Cli, client: Client, request: RecoveryRequest, options: RecoverOptions): Promise<void> {
  const started = await client.post("/api/v1/recoveries", recoverySchema, request);
  const { id } = started;
  if (options.watch === true || options.wait === true || options.timeout !== undefined) {
    cli.note(`Recovery ${id} has begun.`);
    const limit = waitLimit(options.timeout === undefined ? undefined : parseDuration(options.timeout), cli.signal);
    return watchToEnd(cli, client, id, limit);
  }
  cli.print(started, () => id);
  cli.note(`Watch it with: muster recoveries watch ${id}`);
  if (!started.needsApproval) return;
  cli.note(`It waits for a second person: muster recoveries approve ${id}`);
  cli.end("approval-pending");
}

/** The request that the options stand for. Throws `usage`. */
export function requestOf(options: RecoverOptions, now: number): RecoveryRequest {
  const failureAt = options.failedAt === undefined ? undefined : parseTarget(options.failedAt, now);
  if (failureAt === "latest")
    throw new MusterError("usage", "--failed-at needs a time", { hint: "Such as: --failed-at '10m ago'" });
  return {
    target: parseTarget(options.to, now),
    services: [...(options.service ?? [])],
    tiers: (options.tier ?? []).map((text) => countOf(text, "--tier")),
    hosts: [...(options.host ?? [])],
    onto: pairsOf(options.onto ?? [], "--onto"),
    mode: options.drill === true ? "drill" : "real",
    allowNewTarget: options.allowNewTarget === true,
    ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
    ...(options.deadline === undefined ? {} : { deadlineMs: parseDuration(options.deadline) }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(failureAt === undefined ? {} : { failureAt }),
  };
}
