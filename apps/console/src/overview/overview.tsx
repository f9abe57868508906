import { fleetStatusSchema } from "@muster/protocol";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../parts/badge.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { useNow } from "../parts/use-now.ts";
import { recoveryPath } from "../route.ts";
import { instantText, plain } from "../words.ts";
import { fleetTone, talliesOf, tiersOf } from "./fleet.ts";
import { TierTable } from "./tier-table.tsx";

/** The fleet at a glance: health and exposure of every service, by tier. */
export function Overview() {
  const { data: fleet, problem } = useResource("/api/v1/status", fleetStatusSchema);
  const now = useNow();
  return (
    <Page
      title="Overview"
      aside={
        <a className="button primary" href="#/start">
          Start a recovery
        </a>
      }
    >
      <Problem problem={problem} />
      {fleet !== undefined && (
        <>
          {fleet.activeRecoveries.map(({ id, mode, state }) => (
            <a key={id} className={`mode ${mode}`} href={recoveryPath(id)}>
              <strong>{mode === "real" ? "REAL" : "DRILL"}</strong> recovery {id} is {plain(state)}. Watch it →
            </a>
          ))}
          <section className="tallies" aria-label="The fleet in numbers">
            <p className="summary" role="status">
              <Badge tone={fleetTone(fleet)}>{fleet.description}</Badge>
              <small>measured {instantText(fleet.at)}</small>
            </p>
            {talliesOf(fleet).map(({ label, value, tone }) => (
              <p key={label} className={`tally ${tone}`}>
                <strong>{value}</strong> <span>{label}</span>
              </p>
            ))}
          </section>
          {tiersOf(fleet).map((tier) => (
            <TierTable key={tier.tier} tier={tier} measuredAt={fleet.at} now={now} />
          ))}
          {fleet.services.length === 0 && (
            <p className="card empty">
              No plan is in force yet. Apply one: <code>muster plan apply plan.yaml</code>
            </p>
          )}
        </>
      )}
    </Page>
  );
}
