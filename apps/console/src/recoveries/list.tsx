import { type ApiRecovery, pageOf, recoverySchema } from "@muster/protocol";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../parts/badge.tsx";
import { Moment } from "../parts/moment.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { useNow } from "../parts/use-now.ts";
import { recoveryPath } from "../route.ts";
import { durationText } from "../words.ts";
import { doneOf, recoveryState } from "./steps.ts";

const recoveriesSchema = pageOf(recoverySchema);

/** The newest recoveries. */
export function Recoveries() {
  const { data, problem } = useResource("/api/v1/recoveries?limit=50", recoveriesSchema);
  const now = useNow();
  return (
    <Page
      title="Recoveries"
      aside={
        <a className="button primary" href="#/start">
          Start a recovery
        </a>
      }
    >
      <Problem problem={problem} />
      {data?.items.length === 0 && <p className="card empty">There was no recovery yet.</p>}
      {data !== undefined && data.items.length > 0 && (
        <section className="card">
          <table>
            <caption className="hidden">Recoveries, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Recovery</th>
                <th scope="col">Mode</th>
                <th scope="col">State</th>
                <th scope="col">Steps</th>
                <th scope="col">RTO</th>
                <th scope="col">RPO</th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((recovery) => (
                <Row key={recovery.id} recovery={recovery} now={now} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Page>
  );
}

function Row({ recovery, now }: { readonly recovery: ApiRecovery; readonly now: number }) {
  const { id, scenario, plan, mode, achieved, objectives, createdAt, createdBy } = recovery;
  const state = recoveryState(recovery);
  const { done, total } = doneOf(recovery);
  return (
    <tr>
      <th scope="row">
        <a href={recoveryPath(id)}>{scenario ?? plan.name}</a>
        <small>{id}</small>
      </th>
      <td>
        <span className={`chip ${mode}`}>{mode === "real" ? "REAL" : "DRILL"}</span>
      </td>
      <td>
        <Badge tone={state.tone}>{state.text}</Badge>
      </td>
      <td className="number">
        {done} of {total}
      </td>
      <td className="nowrap number">
        <Against measured={achieved?.rtoMs} allowed={objectives.rtoMs} />
      </td>
      <td className="nowrap number">
        <Against measured={achieved?.rpoMs} allowed={objectives.rpoMs} />
      </td>
      <td>
        <Moment at={createdAt} now={now} />
        <small>{createdBy.replace(/^user:/, "")}</small>
      </td>
    </tr>
  );
}

/** A measured time with its objective; a missed one is marked in words, too. */
function Against({
  measured,
  allowed,
}: {
  readonly measured: number | undefined;
  readonly allowed: number | undefined;
}) {
  if (measured === undefined) return <span className="quiet">–</span>;
  const missed = allowed !== undefined && measured > allowed;
  return (
    <>
      <span className={missed ? "bad" : ""}>
        {durationText(measured)}
        {missed && " missed"}
      </span>
      {allowed !== undefined && <small>of {durationText(allowed)}</small>}
    </>
  );
}
