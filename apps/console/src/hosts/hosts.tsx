import { type ApiHost, hostSchema } from "@muster/protocol";
import { z } from "zod";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../parts/badge.tsx";
import { Moment } from "../parts/moment.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { useNow } from "../parts/use-now.ts";
import { clockView, probesText, stateTone, tightestDisk } from "./host-view.ts";

const hostsSchema = z.object({ items: z.array(hostSchema) });

/** Every enrolled host, and how its agent is. */
export function Hosts() {
  const { data, problem } = useResource("/api/v1/hosts", hostsSchema);
  const now = useNow();
  return (
    <Page title="Hosts">
      <Problem problem={problem} />
      {data?.items.length === 0 && (
        <p className="card empty">
          No host is enrolled yet. Make a token for one: <code>muster token create --host db-1</code>
        </p>
      )}
      {data !== undefined && data.items.length > 0 && (
        <section className="card">
          <table>
            <caption className="hidden">Hosts</caption>
            <thead>
              <tr>
                <th scope="col">Host</th>
                <th scope="col">Agent</th>
                <th scope="col">Last seen</th>
                <th scope="col">Clock</th>
                <th scope="col">Probes</th>
                <th scope="col">Sources</th>
                <th scope="col">Disk</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((host) => (
                <HostRow key={host.name} host={host} now={now} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Page>
  );
}

function HostRow({ host, now }: { readonly host: ApiHost; readonly now: number }) {
  const clock = clockView(host.clockOffsetMs);
  const failing = host.probes.filter(({ state }) => state === "failing");
  return (
    <tr>
      <th scope="row">
        {host.name}
        {host.agentVersion !== undefined && <small>agent {host.agentVersion}</small>}
      </th>
      <td>
        <Badge tone={stateTone(host)}>{host.state}</Badge>
      </td>
      <td className="nowrap">
        <Moment at={host.lastSeenAt} now={now} />
      </td>
      <td className="nowrap">
        <span className={clock.tone}>{clock.text}</span>
      </td>
      <td>
        {probesText(host.probes)}
        {failing.map(({ name, message }) => (
          <small key={name} className="remark">
            {name}: {message ?? "failing"}
          </small>
        ))}
      </td>
      <td>{host.sources.map(({ name, type }) => `${name} (${type})`).join(", ") || "none"}</td>
      <td className="nowrap">{tightestDisk(host.load) ?? <span className="quiet">unknown</span>}</td>
    </tr>
  );
}
