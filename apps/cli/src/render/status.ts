import type { ApiFleetStatus, ApiServiceStatus } from "@muster/protocol";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { moment, seconds } from "./time.ts";

/** The fleet by tier: state, exposure against the objective, and what is wrong in words. */
export function statusText(status: ApiFleetStatus, style: Style): string {
  const head = `${indicatorText(status, style)}  ${style.dim(moment(status.at))}`;
  const tiers = [...new Set(status.services.map(({ tier }) => tier))].sort((a, b) => a - b);
  const parts = tiers.map((tier) =>
    tierText(
      status.services.filter((service) => service.tier === tier),
      style,
    ),
  );
  const recoveries = status.activeRecoveries.map(
    ({ id, mode, state }) => `${mode === "drill" ? "DRILL" : "RECOVERY"} ${id} is ${state.replaceAll("_", " ")}`,
  );
  if (status.services.length === 0) parts.push("No plan is in force yet. Apply one with: muster plan apply plan.yaml");
  const remarks = [...recoveries.map(style.warn), ...status.controlPlane.map((own) => ownBackupText(own, style))];
  return [head, ...parts, ...(remarks.length === 0 ? [] : [remarks.join("\n")])].join("\n\n");
}

function indicatorText({ indicator, description, services }: ApiFleetStatus, style: Style): string {
  const text = style.bold(description);
  if (services.length === 0) return text;
  if (indicator === "none") return style.good(text);
  return indicator === "minor" ? style.warn(text) : style.bad(text);
}

function tierText(services: readonly ApiServiceStatus[], style: Style): string {
  const [first] = services;
  const head = style.bold(
    `Tier ${first?.tier ?? "?"}${first === undefined || first.tierName === `Tier ${first.tier}` ? "" : `: ${first.tierName}`}`,
  );
  const copied = services.some(wantsCopy);
  const rows = services.map((service) => [
    ...[service.service, stateText(service, style), exposureText(service, style)],
    ...(copied ? [copyText(service, style)] : []),
    ...[seconds(service.rpoSeconds), seconds(service.rtoSeconds), service.host, remarkOf(service)],
  ]);
  const headings = ["SERVICE", "STATE", "EXPOSURE", ...(copied ? ["COPY"] : []), "RPO", "RTO", "HOST", "REMARK"];
  return `${head}\n${table(headings, rows, { style })}`;
}

function stateText({ status }: ApiServiceStatus, style: Style): string {
  const words = status.replaceAll("_", " ");
  if (status === "operational") return style.good(words);
  return status === "major_outage" ? style.bad(words) : style.warn(words);
}

function exposureText({ sources, exposureSeconds, exposureState }: ApiServiceStatus, style: Style): string {
  if (sources.length === 0) return style.dim("no data");
  if (exposureState === "unprotected") return style.bad("unprotected");
  const text =
    exposureState === "ok"
      ? seconds(exposureSeconds)
      : `${seconds(exposureSeconds)} (${exposureState.replace("-", " ")})`;
  return exposureState === "ok" ? style.good(text) : exposureState === "at-risk" ? style.warn(text) : style.bad(text);
}

const wantsCopy = ({ sources }: ApiServiceStatus): boolean => sources.some(({ copies }) => copies.length > 0);

/** How old the newest copy outside the first repository is. */
function copyText(service: ApiServiceStatus, style: Style): string {
  if (!wantsCopy(service)) return style.dim("–");
  if (service.copySeconds === undefined) return style.bad("none");
  const failing = service.sources.some(({ copies }) => copies.some(({ lastError }) => lastError !== undefined));
  const text = seconds(service.copySeconds);
  return failing ? style.warn(`${text} (failing)`) : text;
}

/** Why a copy fails, in words. */
function copyRemark(sources: ApiServiceStatus["sources"]): string {
  const failed = sources.flatMap(({ source, copies }) =>
    copies.flatMap(({ repository, lastError }) =>
      lastError === undefined ? [] : [`last copy of ${source} to ${repository}: ${lastError}`],
    ),
  );
  return failed[0] ?? "";
}

/** The first thing that an operator should know. */
function remarkOf({ hostOnline, movedTo, recovery, probes, sources }: ApiServiceStatus): string {
  if (recovery !== undefined) return `recovering: ${recovery}`;
  if (movedTo !== undefined) return `was recovered on ${movedTo}: set host: ${movedTo} in the plan and apply it`;
  if (!hostOnline) return "its agent is not connected";
  const failing = probes.find(({ state }) => state === "failing");
  if (failing !== undefined) return `${failing.name}: ${failing.message ?? "failing"}`;
  const broken = sources.find(({ lastError }) => lastError !== undefined);
  if (broken !== undefined) return `last backup of ${broken.source}: ${broken.lastError}`;
  const doubted = sources.find(({ warnings }) => warnings.length > 0);
  return doubted === undefined
    ? copyRemark(sources)
    : `newest point of ${doubted.source}: ${doubted.warnings.join("; ")}`;
}

/** How well the control plane itself is protected. */
function ownBackupText(
  { repository, latestPointAt, state, lastError }: ApiFleetStatus["controlPlane"][number],
  style: Style,
): string {
  const when = latestPointAt === undefined ? "never" : moment(latestPointAt);
  const text = `control plane's own database, to ${repository}: ${when}${lastError === undefined ? "" : `; last try: ${lastError}`}`;
  if (state === "ok" && lastError === undefined) return style.dim(text);
  return state === "unprotected" ? style.bad(text) : style.warn(text);
}
