import type { ApiRecovery, ApiStep } from "@muster/protocol";
import type { ReactNode } from "react";
import { Badge } from "../parts/badge.tsx";
import { durationText } from "../words.ts";
import { lastWordsOf, progressText, stepState, timeText, type Wave, waveTone } from "./steps.ts";

interface WavesProps {
  readonly waves: readonly Wave[];
  readonly now: number;
  readonly achieved?: ApiRecovery["achieved"];
  /** Buttons of a step; none in a preview. */
  readonly actions?: (step: ApiStep) => ReactNode;
}

/** The work of a recovery, wave by wave. */
export function Waves({ waves, now, achieved, actions }: WavesProps) {
  return (
    <ol className="waves">
      {waves.map((wave) => {
        const back = achieved?.tiers.find(({ tier }) => tier === wave.tier)?.rtoMs;
        return (
          <li key={wave.title} className={`card wave ${waveTone(wave)}`}>
            <div className="wave-head">
              <h2>{wave.title}</h2>
              {back !== undefined && <span className="quiet">back after {durationText(back)}</span>}
            </div>
            <ol>
              {wave.steps.map((step) => (
                <Step key={step.id} step={step} now={now} actions={actions?.(step)} />
              ))}
            </ol>
          </li>
        );
      })}
    </ol>
  );
}

function Step({ step, now, actions }: { readonly step: ApiStep; readonly now: number; readonly actions: ReactNode }) {
  const { tone, text } = stepState(step);
  const progress = step.state === "running" ? step.progress : undefined;
  return (
    <li className={`step ${tone}`}>
      <Badge tone={tone}>{text}</Badge>
      <span className="title">
        {step.title}
        {step.critical && (
          <span className="critical" title="On the critical path: the recovery takes as long as these steps">
            critical
          </span>
        )}
        {step.attempt > 1 && <span className="quiet"> attempt {step.attempt}</span>}
      </span>
      <span className="quiet">{step.host}</span>
      <span className="number">{timeText(step, now)}</span>
      {progress !== undefined && (
        <span className="progress">
          {progress.total > 0 && (
            <progress value={progress.done} max={progress.total} aria-label={`Progress of: ${step.title}`} />
          )}
          <small>{progressText(step)}</small>
        </span>
      )}
      {step.error !== undefined && step.state !== "succeeded" && <Failure step={step} error={step.error} />}
      {step.skipped !== undefined && (
        <p className="quiet">
          Skipped by {step.skipped.by}: {step.skipped.reason}
        </p>
      )}
      {actions}
    </li>
  );
}

function Failure({ step, error }: { readonly step: ApiStep; readonly error: NonNullable<ApiStep["error"]> }) {
  const lastWords = lastWordsOf(step);
  return (
    <div className="remark">
      <p>
        <strong>{error.message}</strong> {error.hint} {error.code !== undefined && <code>{error.code}</code>}
      </p>
      {lastWords !== undefined && <pre>{lastWords}</pre>}
    </div>
  );
}
