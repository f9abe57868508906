import { type LogStatus, timestampMs } from "@muster/protocol/grpc";
import type { PointRow } from "../catalog/points-store.ts";
import { readLoad } from "../hosts/views.ts";
import type { HostRow } from "./store.ts";

/** What a host's agent last said of a continuous source; undefined when the source has no log. */
export function logOf(host: HostRow | undefined, source: string): LogStatus | undefined {
  if (host === undefined || host.load === null) return undefined;
  return readLoad(host.load).load.logs.find((log) => log.source === source);
}

/**
 * Up to when a source can be brought back by its log, in ms since the epoch by the control plane's clock. Undefined when the log does not
 * count: it has a gap, it is another cluster's than the point's, or the point is no copy that a log can be replayed on.
 */
export function protectedUntil(
  host: HostRow | undefined,
  point: PointRow | undefined,
  source: string,
): number | undefined {
  const log = logOf(host, source);
  if (log?.protectedUntil === undefined || log.gaps > 0) return undefined;
  if (point?.facts.method !== "physical" || point.facts.systemIdentifier !== log.identity) return undefined;
  return timestampMs(log.protectedUntil) - (host?.clockOffsetMs ?? 0);
}
