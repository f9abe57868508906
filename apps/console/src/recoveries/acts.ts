import type { ApiRecovery, ApiStep } from "@muster/protocol";
import type { Question } from "../parts/dialog.tsx";

/** Something that a person can do with a recovery. */
export interface Act {
  /** The last part of its address: `POST /api/v1/recoveries/ID/VERB`. */
  readonly verb: "approve" | "pause" | "resume" | "cancel" | "retry" | "skip" | "accept" | "roll-back";
  readonly label: string;
  readonly look: "primary" | "plain" | "danger";
  readonly question: Question;
  readonly body: (reason: string | undefined) => Record<string, unknown>;
}

const underWay: ReadonlySet<ApiRecovery["state"]> = new Set(["running", "verifying"]);
const beforeItsEnd: ReadonlySet<ApiRecovery["state"]> = new Set([
  ...(["draft", "checking", "awaiting_approval", "running", "verifying", "paused"] as const),
]);
const goodEnds: ReadonlySet<ApiRecovery["state"]> = new Set(["succeeded", "completed_with_exceptions"]);
const badEnds: ReadonlySet<ApiRecovery["state"]> = new Set(["failed", "cancelled", "timed_out"]);

/** What can be done with the whole recovery as it stands; the control plane has the last word. */
export function actsOf(recovery: ApiRecovery): Act[] {
  const { state, aside } = recovery;
  const kept = aside === "kept";
  return [
    ...(state === "awaiting_approval" ? [approve(recovery)] : []),
    ...(underWay.has(state) ? [pause] : []),
    ...(state === "paused" ? [resume] : []),
    ...(state === "failed" && recovery.startedAt === undefined ? [checkAgain] : []),
    ...(goodEnds.has(state) && kept ? [accept(recovery)] : []),
    ...((goodEnds.has(state) && kept) || (badEnds.has(state) && (kept || leftDown(recovery)))
      ? [rollBack(recovery)]
      : []),
    ...(beforeItsEnd.has(state) ? [cancel] : []),
  ];
}

/** What can be done with one step as it stands. */
export function stepActsOf({ state }: Pick<ApiRecovery, "state">, step: ApiStep): Act[] {
  const open = underWay.has(state) || state === "paused" || state === "failed";
  if (!open) return [];
  const stuck = step.state === "failed" || step.state === "unknown";
  return [...(step.state === "failed" ? [retry(step)] : []), ...(stuck ? [skip(step)] : [])];
}

/** Nothing was replaced yet, but services were stopped: a way back starts them again. */
function leftDown({ aside, steps }: ApiRecovery): boolean {
  return aside === "none" && steps.some(({ phase, state }) => phase === "stop" && state === "succeeded");
}

const nothing = (): Record<string, unknown> => ({});

const pause: Act = {
  ...{ verb: "pause", label: "Pause", look: "plain", body: nothing },
  question: {
    title: "Pause this recovery?",
    text: "No further step starts. What is in hand goes on.",
    verb: "Pause",
  },
};

const resume: Act = {
  ...{ verb: "resume", label: "Resume", look: "primary", body: nothing },
  question: { title: "Go on with this recovery?", text: "The next steps start at once.", verb: "Resume" },
};

const cancel: Act = {
  ...{ verb: "cancel", label: "Cancel …", look: "plain" },
  question: {
    ...{ title: "Cancel this recovery?", verb: "Cancel the recovery", reason: "optional" },
    text: "What is in hand is asked to stop, and nothing new starts. What it has changed stays until it is rolled back.",
  },
  body: (reason) => (reason === undefined ? {} : { reason }),
};

const checkAgain: Act = {
  ...{ verb: "retry", label: "Check again", look: "primary", body: nothing },
  question: {
    title: "Make the checks again?",
    text: "Nothing has been touched. When the checks pass, the recovery begins.",
    verb: "Check again",
  },
};

function approve({ hash, createdBy }: ApiRecovery): Act {
  return {
    ...{ verb: "approve", label: "Approve …", look: "primary", body: () => ({ hash }) },
    question: {
      title: "Approve exactly this recovery?",
      text: `${createdBy.replace(/^user:/, "")} has started it, so somebody else approves it. It begins at once.`,
      verb: "Approve",
    },
  };
}

function accept({ plan }: ApiRecovery): Act {
  return {
    ...{ verb: "accept", label: "Accept …", look: "plain", body: nothing },
    question: {
      title: "Drop what was replaced?",
      text: "The data that stood there before is deleted for good. There is no way back after it.",
      ...{ verb: "Accept for good", typed: plan.name },
    },
  };
}

function rollBack({ plan }: ApiRecovery): Act {
  return {
    ...{ verb: "roll-back", label: "Roll back …", look: "danger", body: nothing },
    question: {
      title: "Put back what was replaced?",
      text: "What this recovery has restored is lost, with everything that was written to it since. The services are stopped meanwhile.",
      ...{ verb: "Roll back", typed: plan.name },
    },
  };
}

function retry({ id, title }: ApiStep): Act {
  return {
    ...{ verb: "retry", label: "Retry", look: "primary", body: () => ({ step: id }) },
    question: { title: "Try this step again?", text: `${title} (${id})`, verb: "Retry" },
  };
}

function skip({ id, title, kind }: ApiStep): Act {
  const gate = kind === "gate" ? " It is a gate: nothing will have proven that the service is back." : "";
  return {
    ...{ verb: "skip", label: "Skip …", look: "plain", body: (reason) => ({ step: id, reason }) },
    question: {
      title: "Go on without this step?",
      text: `${title} (${id}). What comes after it starts on your word.${gate}`,
      ...{ verb: "Skip", reason: "required" },
    },
  };
}
