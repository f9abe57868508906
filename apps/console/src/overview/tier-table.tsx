import type { ApiServiceStatus } from "@muster/protocol";
import { Badge } from "../parts/badge.tsx";
import { Moment } from "../parts/moment.tsx";
import { recoveryPath } from "../route.ts";
import { durationText } from "../words.ts";
import { copyTextOf, exposureOf, healthOf, lastPointOf, remarkOf, type TierView } from "./fleet.ts";

interface TierTableProps {
  readonly tier: TierView;
  readonly measuredAt: string;
  readonly now: number;
}

/** The services of one tier. */
export function TierTable({ tier, measuredAt, now }: TierTableProps) {
  return (
    <section className="card services">
      <table>
        <caption>{tier.title}</caption>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Health</th>
            <th scope="col">Exposure against RPO</th>
            <th scope="col">Last recovery point</th>
            <th scope="col">RTO</th>
            <th scope="col">Host</th>
          </tr>
        </thead>
        <tbody>
          {tier.services.map((service) => (
            <ServiceRow key={`${service.plan}/${service.service}`} {...{ service, measuredAt, now }} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RowProps {
  readonly service: ApiServiceStatus;
  readonly measuredAt: string;
  readonly now: number;
}

function ServiceRow({ service, measuredAt, now }: RowProps) {
  const health = healthOf(service);
  const remark = remarkOf(service);
  const copy = copyTextOf(service);
  return (
    <tr>
      <th scope="row">
        {service.service}
        {service.description !== undefined && <small>{service.description}</small>}
      </th>
      <td>
        <Badge tone={health.tone}>{health.text}</Badge>
        {service.recovery !== undefined && <a href={recoveryPath(service.recovery)}>recovering</a>}
        {remark !== undefined && <small className="remark">{remark}</small>}
      </td>
      <td>
        <Exposure {...{ service, measuredAt, now }} />
      </td>
      <td className="nowrap">
        {service.sources.length === 0 ? (
          <span className="quiet">no data</span>
        ) : (
          <Moment at={lastPointOf(service)} now={now} />
        )}
        {copy !== undefined && <small>{copy}</small>}
      </td>
      <td className="number">
        {durationText(service.rtoSeconds === undefined ? undefined : service.rtoSeconds * 1000)}
      </td>
      <td>
        {service.host}
        {!service.hostOnline && <small className="remark">offline</small>}
      </td>
    </tr>
  );
}

/** The bar fills up to the objective; the words say the same. */
function Exposure({ service, measuredAt, now }: RowProps) {
  const exposure = exposureOf(service, measuredAt, now);
  if (exposure === undefined) return <span className="quiet">no data</span>;
  const how = service.sources.map(({ source, measuredBy }) => `${source}: ${measuredBy}`).join("\n");
  return (
    <div className={`exposure ${exposure.tone}`} title={how}>
      <span className="nowrap">
        <strong>{exposure.now === undefined ? "unprotected" : durationText(exposure.now)}</strong>
        {exposure.now !== undefined && exposure.allowed !== undefined && (
          <span className="quiet"> of {durationText(exposure.allowed)}</span>
        )}
        {exposure.tone !== "good" && exposure.now !== undefined && <em> {exposure.state}</em>}
      </span>
      <span className="bar" aria-hidden="true">
        <i style={{ inlineSize: `${100 * (exposure.share ?? 1)}%` }} />
      </span>
    </div>
  );
}
