import { formatDuration, formatSize } from "@muster/core";
import type { ApiHost } from "@muster/protocol";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { ago, moment } from "./time.ts";

/** One host with everything that it has. `now` in milliseconds since the epoch. */
export function hostText(host: ApiHost, { style, now }: { readonly style: Style; readonly now: number }): string {
  return [headText(host, style, now), sourcesText(host, style), probesText(host, style, now), actionsText(host, style)]
    .filter((part) => part !== "")
    .join("\n\n");
}

function headText(host: ApiHost, style: Style, now: number): string {
  const facts: [string, string][] = [
    ["state", host.state],
    ["last seen", ago(host.lastSeenAt, now)],
    ["enrolled", moment(host.enrolledAt)],
    ["certificate until", moment(host.certificateExpiresAt)],
    ["agent", host.agentVersion ?? "–"],
    ["clock off by", host.clockOffsetMs === undefined ? "–" : formatDuration(host.clockOffsetMs)],
    ...(host.load?.disks ?? []).map(({ path, sizeBytes, freeBytes }): [string, string] => [
      `disk ${path}`,
      `${formatSize(freeBytes)} free of ${formatSize(sizeBytes)}`,
    ]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [style.bold(host.name), ...facts.map(([name, value]) => `  ${style.dim(name.padEnd(width))}  ${value}`)].join(
    "\n",
  );
}

function sourcesText({ sources }: ApiHost, style: Style): string {
  const rows = sources.map(({ name, type, location }) => [name, type, location]);
  return rows.length === 0 ? "" : table(["SOURCE", "TYPE", "LOCATION"], rows, { style });
}

function probesText({ probes }: ApiHost, style: Style, now: number): string {
  const rows = probes.map(({ name, type, state, since, message }) => [
    ...[name, type],
    state === "passing" ? style.good(state) : state === "failing" ? style.bad(state) : style.dim(state),
    since === undefined ? "–" : ago(since, now),
    message ?? "",
  ]);
  return rows.length === 0 ? "" : table(["PROBE", "TYPE", "STATE", "SINCE", "MESSAGE"], rows, { style });
}

function actionsText({ actions }: ApiHost, style: Style): string {
  return actions.length === 0 ? "" : `${style.dim("ACTIONS")}\n${actions.join(", ")}`;
}
