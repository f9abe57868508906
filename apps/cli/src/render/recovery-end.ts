import { stripVTControlCharacters } from "node:util";
import { formatDuration } from "@muster/core";
import { type ApiRecovery, type LeftBehind, leftBehind } from "@muster/protocol";
import { failedChecks, missesRpo, missesRto } from "../recovery-outcome.ts";
import { checkFindingsText } from "./findings.ts";
import type { Style } from "./style.ts";
import { duration } from "./time.ts";

type Failure = NonNullable<ApiRecovery["steps"][number]["error"]>;

/** How a recovery has ended or why it waits, what was measured, and what can be done now. */
export function recoveryEndText(recovery: ApiRecovery, style: Style): string {
  const parts = [
    headText(recovery, style),
    measuredText(recovery, style),
    troubleText(recovery, style),
    movesText(recovery, style),
    nextText(recovery),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function headText({ id, mode, state, startedAt, finishedAt }: ApiRecovery, style: Style): string {
  const took =
    startedAt === undefined || finishedAt === undefined
      ? ""
      : ` after ${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))}`;
  const text = `${mode === "drill" ? "Drill" : "Recovery"} ${id}: ${state.replaceAll("_", " ")}${took}`;
  return style.bold(state === "succeeded" ? style.good(text) : text);
}

function measuredText(recovery: ApiRecovery, style: Style): string {
  const { achieved, objectives, tiers } = recovery;
  if (recovery.startedAt === undefined || achieved === undefined) return "";
  const verdict = (missed: boolean, allowed: number | undefined): string =>
    allowed === undefined
      ? ""
      : missed
        ? style.bad(` MISSED (objective ${formatDuration(allowed)})`)
        : style.good(` met (objective ${formatDuration(allowed)})`);
  const lines = achieved.tiers.flatMap(({ tier, rtoMs }) => {
    const name = tiers.find((each) => each.tier === tier)?.name ?? `Tier ${tier}`;
    return rtoMs === undefined
      ? []
      : [`  back after   ${duration(rtoMs)}  tier ${tier}${name === `Tier ${tier}` ? "" : ` (${name})`}`];
  });
  if (achieved.rtoMs !== undefined)
    lines.push(`  actual RTO   ${duration(achieved.rtoMs)}${verdict(missesRto(recovery), objectives.rtoMs)}`);
  if (achieved.rpoMs !== undefined)
    lines.push(`  actual RPO   ${duration(achieved.rpoMs)}${verdict(missesRpo(recovery), objectives.rpoMs)}`);
  return lines.join("\n");
}

function troubleText(recovery: ApiRecovery, style: Style): string {
  if (failedChecks(recovery)) return checkFindingsText(recovery.findings, style);
  return recovery.steps
    .flatMap(({ id, state, error }) =>
      state === "failed" && error !== undefined
        ? [`${style.bad("failed:")} ${id}: ${error.message}${outputText(error, style)}\n    ${error.hint}`]
        : [],
    )
    .join("\n");
}

/** So many lines of a failed action's output are shown, its last. */
const shownLines = 5;

function outputText({ details }: Failure, style: Style): string {
  const output = details?.output;
  if (typeof output !== "string" || output.trim() === "") return "";
  const lines = stripVTControlCharacters(output).trimEnd().split("\n").slice(-shownLines);
  return lines.map((line) => `\n    ${style.dim("|")} ${line}`).join("");
}

/** The plan does not follow a service to another host by itself: until it does, backups and probes go on where it was. */
function movesText({ state, moves }: ApiRecovery, style: Style): string {
  if (state !== "succeeded" && state !== "completed_with_exceptions") return "";
  return moves
    .map(({ service, from, to }) => {
      const text = `${service} is on ${to} now, and the plan still says ${from}.`;
      return `${style.warn(text)} Set host: ${to} in the plan and apply it.`;
    })
    .join("\n");
}

function nextText(recovery: ApiRecovery): string {
  const { id, state, aside, steps } = recovery;
  if (state === "awaiting_approval") return `It waits for a second person: muster recoveries approve ${id}`;
  if (failedChecks(recovery))
    return `Nothing was touched. When this is mended, check again:   muster recoveries retry ${id}`;
  if (aside === "accepted") return "The data that was replaced has been dropped.";
  if (aside === "rolled_back") return "The data that was replaced has been put back.";
  const lines: string[] = [];
  const failed = steps.find((step) => step.state === "failed");
  if (failed !== undefined) lines.push(`Try it again:   muster recoveries retry ${id} ${failed.id}`);
  const good = state === "succeeded" || state === "completed_with_exceptions";
  if (aside === "kept" && good) lines.push(`Drop the old data, for good:   muster recoveries accept ${id}`);
  const left = leftBehind(recovery);
  if (left !== "nothing") lines.push(`${wayBack[left]}:   muster recoveries rollback ${id}`);
  return [leftWords[left], ...lines].filter((line) => line !== "").join("\n");
}

const wayBack: Readonly<Record<Exclude<LeftBehind, "nothing">, string>> = {
  stopped: "Start again what was stopped",
  staged: "Remove it, and start again what was stopped",
  "perhaps-old-data": "Put the old data back",
  "old-data": "Put the old data back",
};

const leftWords: Readonly<Record<LeftBehind, string>> = {
  nothing: "",
  stopped: "Nothing was replaced.",
  staged: "Nothing was replaced; what was staged still takes room.",
  "perhaps-old-data": "What was replaced, if anything, is kept aside.",
  "old-data": "What was replaced is kept aside.",
};
