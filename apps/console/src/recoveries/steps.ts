import type { ApiRecovery, ApiRecoveryPreview, ApiStep } from "@muster/protocol";
import { tierTitle } from "../overview/fleet.ts";
import { durationText, plain, sizeText, type Tone } from "../words.ts";

/** Steps that belong together on the screen: what is stopped first, each tier, and what follows the recovery. */
export interface Wave {
  readonly title: string;
  /** The tier's number; undefined for what is not a tier's wave. */
  readonly tier: number | undefined;
  readonly steps: readonly ApiStep[];
}

/** The steps in the order in which people think of them. */
export function wavesOf({ steps, tiers }: Pick<ApiRecoveryPreview, "steps" | "tiers">): Wave[] {
  const afterwards = steps.filter(({ id }) => id.startsWith("accept/") || id.startsWith("rollback/"));
  const own = steps.filter((step) => !afterwards.includes(step));
  const back = afterwards.some(({ id }) => id.startsWith("rollback/"));
  return [
    { title: "First · Stop", tier: undefined, steps: own.filter(({ phase }) => phase === "stop") },
    ...tiers.map(({ tier, name }) => ({
      ...{ title: tierTitle(tier, name), tier },
      steps: own.filter((step) => step.tier === tier && step.phase !== "stop"),
    })),
    { title: back ? "Roll back" : "Accept", tier: undefined, steps: afterwards },
  ].filter(({ steps: members }) => members.length > 0);
}

const stepTones: Readonly<Record<ApiStep["state"], Tone>> = {
  pending: "quiet",
  ready: "quiet",
  dispatched: "busy",
  running: "busy",
  succeeded: "good",
  failed: "bad",
  skipped: "warn",
  cancelled: "quiet",
  unknown: "warn",
};

/** A step's state as people read it. */
export function stepState({ state }: Pick<ApiStep, "state">): { readonly tone: Tone; readonly text: string } {
  const words: Partial<Record<ApiStep["state"], string>> = {
    ...{ pending: "waiting", dispatched: "starting", succeeded: "done", unknown: "agent silent" },
  };
  return { tone: stepTones[state], text: words[state] ?? state };
}

/** A wave's state from its steps': the worst, then the busiest. */
export function waveTone({ steps }: Pick<Wave, "steps">): Tone {
  const tones = new Set(steps.map(({ state }) => stepTones[state]));
  for (const tone of ["bad", "busy"] as const) if (tones.has(tone)) return tone;
  if (steps.some(({ state }) => state === "pending" || state === "ready" || state === "cancelled")) return "quiet";
  return tones.has("warn") ? "warn" : "good";
}

/** How long a step has taken up to `now`, in milliseconds; undefined before its start. */
export function stepTime({ startedAt, finishedAt }: ApiStep, now: number): number | undefined {
  if (startedAt === undefined) return undefined;
  return Math.max(0, (finishedAt === undefined ? now : Date.parse(finishedAt)) - Date.parse(startedAt));
}

/** What a step's progress says: `1.2 GB of 3.4 GB`, `2 of 3 probes`. Undefined when there is nothing to tell. */
export function progressText({ progress }: ApiStep): string | undefined {
  if (progress === undefined) return undefined;
  const { done, total, unit, note } = progress;
  const show = (amount: number): string => (unit === "bytes" ? sizeText(amount) : String(amount));
  const amounts = total > 0 ? `${show(done)} of ${show(total)}` : show(done);
  const words = unit === "bytes" ? amounts : `${amounts} ${unit}`;
  return note === undefined || note === "" ? words : `${words}, ${note}`;
}

/** So many lines of a failed action's output are shown, its last. */
const shownLines = 5;

/** The last words of an action that failed, without a terminal's colours. Undefined when it said nothing. */
export function lastWordsOf({ error }: Pick<ApiStep, "error">): string | undefined {
  const output = error?.details?.output;
  if (typeof output !== "string" || output.trim() === "") return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  const plainOutput = output.replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "");
  return plainOutput.trimEnd().split("\n").slice(-shownLines).join("\n");
}

/** Steps that stand in nobody's way any more, of all of the recovery's own. */
export function doneOf({ steps, tiers }: Pick<ApiRecovery, "steps" | "tiers">): { done: number; total: number } {
  const own = wavesOf({ steps, tiers })
    .flatMap((wave) => wave.steps)
    .filter(({ id }) => !/^(accept|rollback)\//.test(id));
  return { done: own.filter(({ state }) => state === "succeeded" || state === "skipped").length, total: own.length };
}

/** `0.4s`, or with what was expected: `0.4s (2s expected)`. */
export function timeText(step: ApiStep, now: number): string {
  const taken = stepTime(step, now);
  if (taken !== undefined) return durationText(taken);
  return step.forecastMs === undefined ? "" : `~${durationText(step.forecastMs)}`;
}

/** `awaiting approval`, with what becomes of the data kept aside while that is at work. */
export function recoveryState({ state, aside }: Pick<ApiRecovery, "state" | "aside">): {
  readonly tone: Tone;
  readonly text: string;
} {
  if (aside === "rolling_back" || aside === "accepting") return { tone: "busy", text: plain(aside) };
  return { tone: stateTones[state], text: plain(state) };
}

const stateTones: Readonly<Record<ApiRecovery["state"], Tone>> = {
  draft: "quiet",
  checking: "busy",
  awaiting_approval: "warn",
  running: "busy",
  paused: "warn",
  verifying: "busy",
  succeeded: "good",
  completed_with_exceptions: "warn",
  failed: "bad",
  cancelled: "quiet",
  timed_out: "bad",
  rolled_back: "quiet",
};
