import type { ApiRecoveryPreview } from "@muster/protocol";
import { durationText, instantText, sizeText } from "../words.ts";

/** Which recovery point each source comes back from, and where to. */
export function Sources({ sources, spreadMs }: Pick<ApiRecoveryPreview, "sources" | "spreadMs">) {
  if (sources.length === 0) return null;
  return (
    <section className="card">
      <table>
        <caption>
          Recovery points
          {sources.length > 1 && <span className="quiet"> taken within {durationText(spreadMs)} of each other</span>}
        </caption>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">From</th>
            <th scope="col">Size</th>
            <th scope="col">Onto</th>
          </tr>
        </thead>
        <tbody>
          {sources.map(({ service, source, sourceType, takenAt, bytes, fromHost, toHost }) => (
            <tr key={`${service}/${source}`}>
              <th scope="row">
                {service === source ? source : `${service} / ${source}`}
                <small>{sourceType}</small>
              </th>
              <td className="nowrap number">{instantText(takenAt)}</td>
              <td className="nowrap number">{sizeText(bytes)}</td>
              <td>{fromHost === toHost ? toHost : `${toHost}, instead of ${fromHost}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
