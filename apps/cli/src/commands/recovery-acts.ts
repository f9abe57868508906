import { MusterError } from "@muster/core";
import { type ApiRecovery, recoverySchema } from "@muster/protocol";
import type { Command } from "commander";
import { timeoutOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import { confirm } from "../confirm.ts";
import { failedChecks } from "../recovery-outcome.ts";
import { previewText } from "../render/preview.ts";
import { waitLimit } from "../wait.ts";
import { watchToEnd } from "../watch-recovery.ts";
import { findRecovery } from "./recoveries.ts";

interface ActOptions {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly watch?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
}

interface Act {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  /** The argument after the id, if any. */
  readonly step?: "required" | "optional";
  readonly reason?: "required" | "optional";
  /** Asks first; undefined when there is nothing to ask. */
  readonly question?: (recovery: ApiRecovery) => string;
  readonly body?: (recovery: ApiRecovery, step: string | undefined, options: ActOptions) => Record<string, unknown>;
}

const acts: readonly Act[] = [
  {
    ...{ name: "approve", path: "approve", description: "agree to a recovery that somebody else has started" },
    question: () => "Approve exactly this?",
    body: ({ hash }) => ({ hash }),
  },
  { name: "pause", path: "pause", description: "start no further step; what is in hand goes on" },
  { name: "resume", path: "resume", description: "go on with a paused recovery" },
  {
    ...{
      name: "cancel",
      path: "cancel",
      description: "stop a recovery; what it has changed stays",
      reason: "optional",
    },
    question: ({ id }) => `Stop recovery ${id}? What it has changed stays, until it is rolled back.`,
    body: (_recovery, _step, { reason }) => (reason === undefined ? {} : { reason }),
  },
  {
    ...{
      name: "retry",
      path: "retry",
      description: "try a failed step again, or the checks that failed",
      step: "optional",
    },
    body: (recovery, step) =>
      step === undefined && failedChecks(recovery) ? {} : { step: step ?? failedStep(recovery) },
  },
  {
    ...{
      name: "skip",
      path: "skip",
      description: "go on without a step, on your word",
      step: "required",
      reason: "required",
    },
    body: (_recovery, step, { reason }) => ({ step, reason }),
  },
  {
    ...{
      name: "accept",
      path: "accept",
      description: "drop the data that was replaced; there is no way back after it",
    },
    question: ({ id }) => `Drop what recovery ${id} has kept aside? There is no way back after it.`,
  },
  {
    ...{ name: "rollback", path: "roll-back", description: "put the data back that was replaced" },
    question: ({ id }) => `Put back what recovery ${id} has replaced? What it has restored is lost.`,
  },
];

/** What people do with a recovery, one subcommand each. */
export function addRecoveryActs(recoveries: Command, cli: Cli): void {
  for (const act of acts) addAct(recoveries, cli, act);
}

function addAct(recoveries: Command, cli: Cli, act: Act): void {
  const argument = act.step === undefined ? "" : act.step === "required" ? " <step>" : " [step]";
  const id = act.step === "required" ? "<id>" : "[id]";
  const command = recoveries.command(`${act.name} ${id}${argument}`).description(act.description);
  if (act.reason === "required") command.requiredOption("--reason <text>", "why; it goes to the audit trail");
  if (act.reason === "optional") command.option("--reason <text>", "why; it goes to the audit trail");
  if (act.question !== undefined) command.option("--yes", "do not ask");
  command
    .option("--watch", "follow the recovery to its end")
    .option("--wait", "the same")
    .option("--timeout <duration>", "follow it no longer than this");
  command.action(async (...given: unknown[]) => {
    const options: ActOptions = command.opts();
    const texts = given.map((each) => (typeof each === "string" ? each : undefined));
    await carryOut(cli, act, { id: texts[0], step: act.step === undefined ? undefined : texts[1], options });
  });
}

async function carryOut(
  cli: Cli,
  act: Act,
  { id, step, options }: { id: string | undefined; step: string | undefined; options: ActOptions },
): Promise<void> {
  const client = await cli.client();
  const recovery = await findRecovery(client, id);
  if (act.question !== undefined && options.yes !== true) {
    if (act.name === "approve") cli.note(`${previewText(recovery, cli.style)}\n`);
    await confirm(cli, act.question(recovery));
  }
  const body = act.body?.(recovery, step, options) ?? {};
  const path = `/api/v1/recoveries/${encodeURIComponent(recovery.id)}/${act.path}`;
  const moved = await client.post(path, recoverySchema, body);
  if (options.watch === true || options.wait === true || options.timeout !== undefined)
    return watchToEnd(cli, client, moved.id, waitLimit(timeoutOf(options.timeout), cli.signal));
  cli.print(moved, () => `${moved.id}: ${moved.state.replaceAll("_", " ")}`);
}

function failedStep({ id, steps }: ApiRecovery): string {
  const failed = steps.filter(({ state }) => state === "failed").map((step) => step.id);
  const [only, ...others] = failed;
  if (only === undefined) throw new MusterError("conflict", `no step of recovery ${id} has failed`);
  if (others.length === 0) return only;
  throw new MusterError("usage", `several steps of recovery ${id} have failed`, {
    hint: `Name one of ${failed.join(", ")}.`,
  });
}
