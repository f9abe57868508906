import { type ApiRecoveryPreview, type RecoveryRequest, recoveryPreviewSchema, recoverySchema } from "@muster/protocol";
import { useEffect, useReducer, useRef, useState } from "react";
import { asProblem, type ProblemError } from "../api/problem-error.ts";
import { Confirm } from "../parts/dialog.tsx";
import { Problem } from "../parts/problem.tsx";
import { useNow } from "../parts/use-now.ts";
import { recoveryPath } from "../route.ts";
import { useSession } from "../session/session.ts";
import { count, durationText } from "../words.ts";
import { Findings } from "./findings.tsx";
import { ModeBanner } from "./mode-banner.tsx";
import { Sources } from "./sources.tsx";
import { wavesOf } from "./steps.ts";
import { Waves } from "./waves.tsx";

/** The whole recovery as it would be now, checked with the agents, and the button that starts it. Made once per mount. */
export function Preview({ request }: { readonly request: RecoveryRequest }) {
  const { preview, problem, again } = usePreview(request);
  const now = useNow();
  return (
    <>
      <Problem problem={problem} />
      {preview === undefined && problem === undefined && (
        <p className="card empty" role="status">
          Asking every agent whether it could …
        </p>
      )}
      {preview !== undefined && (
        <>
          <ModeBanner mode={preview.mode} />
          <StartBar preview={preview} request={request} />
          <Findings findings={preview.findings} />
          <Waves waves={wavesOf(preview)} now={now} />
          <Sources {...preview} />
        </>
      )}
      {(preview !== undefined || problem !== undefined) && (
        <button type="button" onClick={again}>
          Check again
        </button>
      )}
    </>
  );
}

function StartBar({ preview, request }: { readonly preview: ApiRecoveryPreview; readonly request: RecoveryRequest }) {
  const { api } = useSession();
  const [asking, setAsking] = useState(false);
  // One key for one preview: a start that is sent twice starts once.
  const [idempotencyKey] = useState(() => crypto.getRandomValues(new Uint32Array(4)).join("-"));
  const blocked = preview.findings.filter(({ severity }) => severity === "error").length;
  const { rtoMs } = preview.objectives;
  const start = async (): Promise<void> => {
    const { id } = await api.post("/api/v1/recoveries", recoverySchema, request, { idempotencyKey });
    window.location.hash = recoveryPath(id);
  };
  return (
    <section className="card standing" aria-label="The preview">
      <div>
        <p role="status">
          {blocked > 0 ? (
            <strong className="bad">{count(blocked, "error")} in the way. Nothing was touched.</strong>
          ) : (
            <strong>Nothing stands in the way. Nothing was touched yet.</strong>
          )}
        </p>
        <p className="quiet">
          {count(preview.steps.length, "step")} in {count(preview.tiers.length, "tier")}, from plan {preview.plan.name},
          version {preview.plan.version}
          {preview.needsApproval && "; a second person has to approve it"}
        </p>
        <fieldset className="buttons" aria-label="Acts">
          <button type="button" className="danger" disabled={blocked > 0} onClick={() => setAsking(true)}>
            Start this recovery …
          </button>
        </fieldset>
      </div>
      <p className="clock">
        <strong>{preview.forecastMs === undefined ? "unknown" : `~${durationText(preview.forecastMs)}`}</strong>{" "}
        forecast
        {rtoMs !== undefined && `, RTO ${durationText(rtoMs)}`}
      </p>
      {asking && (
        <Confirm
          question={{
            title: "Start this recovery?",
            text: `It replaces live data of ${count(preview.sources.length, "source")}; what is there now is kept aside until the recovery is accepted.`,
            ...{ verb: "Start", typed: preview.plan.name },
          }}
          onConfirm={start}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

/** Asks at once, and again when told to. The reason is no part of what is asked, so that typing it asks nobody. */
function usePreview(request: RecoveryRequest) {
  const { api, signOut } = useSession();
  const [asked, again] = useReducer((times: number) => times + 1, 0);
  const [answer, setAnswer] = useState<{ preview?: ApiRecoveryPreview; problem?: ProblemError }>({});
  const wanted = useRef(request);
  // biome-ignore lint/correctness/useExhaustiveDependencies(asked): asked again
  useEffect(() => {
    const { signal, abort } = abortable();
    setAnswer({});
    api.post("/api/v1/recoveries/preview?checks=true", recoveryPreviewSchema, wanted.current, { signal }).then(
      (preview) => signal.aborted || setAnswer({ preview }),
      (thrown: unknown) => {
        if (signal.aborted) return;
        const problem = asProblem(thrown);
        if (problem.status === 401) signOut(problem);
        else setAnswer({ problem });
      },
    );
    return abort;
  }, [api, signOut, asked]);
  return { ...answer, again };
}

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
