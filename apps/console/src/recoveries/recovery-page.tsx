import { type ApiRecovery, leftBehind, recoverySchema } from "@muster/protocol";
import { useState } from "react";
import { type LiveRecovery, useRecovery } from "../api/use-recovery.ts";
import { Badge } from "../parts/badge.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { useNow } from "../parts/use-now.ts";
import { useSession } from "../session/session.ts";
import { instantText } from "../words.ts";
import { type Act, actsOf, stepActsOf } from "./acts.ts";
import { countdownOf, lossOf } from "./countdown.ts";
import { Findings } from "./findings.tsx";
import { ModeBanner } from "./mode-banner.tsx";
import { Sources } from "./sources.tsx";
import { doneOf, recoveryState, wavesOf } from "./steps.ts";
import { Waves } from "./waves.tsx";

/** One recovery, live. */
export function RecoveryPage({ id }: { readonly id: string }) {
  const live = useRecovery(id);
  return (
    <Page
      title={
        live.recovery === undefined ? "Recovery" : `Recovery of ${live.recovery.scenario ?? live.recovery.plan.name}`
      }
    >
      <Problem problem={live.problem} />
      {live.recovery !== undefined && <Recovery recovery={live.recovery} take={live.take} />}
    </Page>
  );
}

interface RecoveryProps {
  readonly recovery: ApiRecovery;
  readonly take: LiveRecovery["take"];
}

function Recovery({ recovery, take }: RecoveryProps) {
  const { api } = useSession();
  const now = useNow(500);
  const [asked, setAsked] = useState<Act>();
  const carryOut = async ({ verb, body }: Act, reason: string | undefined): Promise<void> => {
    const path = `/api/v1/recoveries/${encodeURIComponent(recovery.id)}/${verb}`;
    take(await api.post(path, recoverySchema, body(reason)));
  };
  return (
    <>
      <ModeBanner mode={recovery.mode} ended={recovery.finishedAt !== undefined} />
      <Standing recovery={recovery} now={now} onAct={setAsked} />
      <Findings findings={recovery.findings} />
      <Waves
        waves={wavesOf(recovery)}
        now={now}
        achieved={recovery.achieved}
        actions={(step) => (
          <Buttons acts={stepActsOf(recovery, step)} onAct={setAsked} label={`Acts on: ${step.title}`} />
        )}
      />
      <Sources {...recovery} />
      {asked !== undefined && (
        <Confirm
          question={asked.question}
          onConfirm={(reason) => carryOut(asked, reason)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

interface StandingProps {
  readonly recovery: ApiRecovery;
  readonly now: number;
  onAct(act: Act): void;
}

/** How it stands: state, time against the objectives, and what can be done. */
function Standing({ recovery, now, onAct }: StandingProps) {
  const state = recoveryState(recovery);
  const time = countdownOf(recovery, now);
  const loss = lossOf(recovery);
  const { done, total } = doneOf(recovery);
  return (
    <section className="card standing" aria-label="How it stands">
      <div>
        <p role="status">
          <Badge tone={state.tone}>{state.text}</Badge>{" "}
          <span className="quiet">
            {done} of {total} steps
          </span>
        </p>
        <progress value={done} max={total} aria-label="Steps done" className={state.tone} />
        <p className="quiet">
          {recovery.id}, started by {recovery.createdBy.replace(/^user:/, "")} at {instantText(recovery.createdAt)}
          {recovery.approval !== undefined && `, approved by ${recovery.approval.by.replace(/^user:/, "")}`}
          {recovery.reason !== undefined && `: ${recovery.reason}`}
        </p>
        {recovery.aside !== "none" && <p className="quiet">{asideText(recovery)}</p>}
        {movesText(recovery).map((text) => (
          <p key={text}>{text}</p>
        ))}
        <Buttons acts={actsOf(recovery)} onAct={onAct} label="Acts on the recovery" />
      </div>
      <p className={`clock ${time.tone}`} role="timer">
        <strong>{time.clock}</strong> {time.text}
      </p>
      {loss !== undefined && (
        <p className={`clock ${loss.tone}`}>
          <strong>{loss.clock}</strong> {loss.text}
        </p>
      )}
    </section>
  );
}

/** The plan does not follow a service to another host by itself. */
function movesText({ state, moves }: ApiRecovery): string[] {
  if (state !== "succeeded" && state !== "completed_with_exceptions") return [];
  return moves.map(({ service, to }) => `${service} is on ${to} now: set host: ${to} in the plan and apply it.`);
}

function asideText(recovery: ApiRecovery): string {
  if (recovery.aside === "none") return "";
  if (recovery.aside !== "kept") return asideWords[recovery.aside];
  const left = leftBehind(recovery);
  if (left === "staged") return "Nothing was replaced; what was staged takes room until the recovery is rolled back.";
  if (left === "perhaps-old-data")
    return "What was replaced, if anything, is kept aside: the recovery can be rolled back.";
  return "What was replaced is kept aside: the recovery can be rolled back until it is accepted.";
}

const asideWords: Readonly<Record<Exclude<ApiRecovery["aside"], "none" | "kept">, string>> = {
  accepting: "What was replaced is being dropped.",
  accepted: "Accepted: what was replaced is gone, and there is no way back.",
  rolling_back: "What was replaced is being put back.",
  rolled_back: "Rolled back: what stood there before is in place again.",
};

function Buttons({ acts, onAct, label }: { acts: readonly Act[]; onAct(act: Act): void; label: string }) {
  if (acts.length === 0) return null;
  return (
    <fieldset className="buttons" aria-label={label}>
      {acts.map((act) => (
        <button key={act.verb} type="button" className={act.look} onClick={() => onAct(act)}>
          {act.label}
        </button>
      ))}
    </fieldset>
  );
}
