import { useEffect, useState } from "react";
import { asProblem, type ProblemError } from "../api/problem-error.ts";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { useSession } from "../session/session.ts";
import { Preview } from "./preview.tsx";
import { requestOf, type Wish } from "./request.ts";
import { readScenarios, type Scenario } from "./scenarios.ts";

/** Starts a recovery of a scenario: what it would do is shown before anything can be started. */
export function Start({ scenario }: { readonly scenario: string | undefined }) {
  const { scenarios, problem } = useScenarios();
  const [wish, setWish] = useState<Wish>({ scenario: scenario ?? "", moment: "", reason: "" });
  const chosen = scenarios?.find(({ name }) => name === wish.scenario) ?? scenarios?.[0];
  return (
    <Page title="Start a recovery">
      <Problem problem={problem} />
      {scenarios?.length === 0 && <p className="card empty">No plan in force has a scenario.</p>}
      {scenarios !== undefined && chosen !== undefined && (
        <>
          <WishForm wish={{ ...wish, scenario: chosen.name }} scenarios={scenarios} onChange={setWish} />
          <Preview key={`${chosen.name} ${wish.moment}`} request={requestOf({ ...wish, scenario: chosen.name })} />
        </>
      )}
    </Page>
  );
}

interface WishFormProps {
  readonly wish: Wish;
  readonly scenarios: readonly Scenario[];
  onChange(wish: Wish): void;
}

function WishForm({ wish, scenarios, onChange }: WishFormProps) {
  const change = (part: Partial<Wish>): void => onChange({ ...wish, ...part });
  return (
    <form className="card wish" onSubmit={(event) => event.preventDefault()}>
      <label>
        Scenario
        <select value={wish.scenario} onChange={(event) => change({ scenario: event.target.value })}>
          {scenarios.map(({ name, plan }) => (
            <option key={`${plan}/${name}`} value={name}>
              {name} ({plan})
            </option>
          ))}
        </select>
        <small>{scenarios.find(({ name }) => name === wish.scenario)?.description}</small>
      </label>
      <label>
        Back to (UTC)
        <input
          type="datetime-local"
          step="1"
          value={wish.moment}
          onChange={(event) => change({ moment: event.target.value })}
        />
        <small>Empty: the latest recovery points.</small>
      </label>
      <label>
        Reason (optional)
        <input value={wish.reason} maxLength={500} onChange={(event) => change({ reason: event.target.value })} />
        <small>It goes to the audit trail.</small>
      </label>
    </form>
  );
}

function useScenarios(): { scenarios: readonly Scenario[] | undefined; problem: ProblemError | undefined } {
  const { api, signOut } = useSession();
  const [scenarios, setScenarios] = useState<readonly Scenario[]>();
  const [problem, setProblem] = useState<ProblemError>();
  useEffect(() => {
    const stop = new AbortController();
    readScenarios(api, stop.signal).then(setScenarios, (thrown: unknown) => {
      const lost = asProblem(thrown);
      if (stop.signal.aborted) return;
      if (lost.status === 401) signOut(lost);
      else setProblem(lost);
    });
    return () => stop.abort();
  }, [api, signOut]);
  return { scenarios, problem };
}
