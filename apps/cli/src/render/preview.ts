import { formatDuration, formatSize } from "@muster/core";
import type { ApiRecoveryPreview } from "@muster/protocol";
import { checkFindingsText } from "./findings.ts";
import { stepGroups } from "./step-groups.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { duration, moment } from "./time.ts";

/** The whole recovery before anything is touched: what is restored from where, every step in order, and what was found. */
export function previewText(preview: ApiRecoveryPreview, style: Style): string {
  const findings = checkFindingsText(preview.findings, style);
  return [headText(preview, style), sourcesText(preview, style), stepsText(preview, style), findings]
    .filter((part) => part !== "")
    .join("\n\n");
}

function headText(preview: ApiRecoveryPreview, style: Style): string {
  const { plan, scenario, mode, target, objectives, forecastMs, deadlineMs } = preview;
  const what = scenario === undefined ? "" : `, scenario ${scenario}`;
  const facts = [
    `target ${target === "latest" ? "latest" : moment(target)}`,
    `RTO ${duration(objectives.rtoMs)}`,
    `RPO ${duration(objectives.rpoMs)}`,
    forecastMs === undefined
      ? "no forecast yet (nothing was measured)"
      : forecastText(forecastMs, objectives.rtoMs, style),
    ...(deadlineMs === undefined ? [] : [`stopped after ${formatDuration(deadlineMs)}`]),
    ...(preview.needsApproval ? [style.warn("needs an approval")] : []),
  ];
  const title = `${mode === "drill" ? "DRILL" : "RECOVERY"} of ${plan.name}, version ${plan.version}${what}`;
  return `${style.bold(title)}\n${facts.join(" · ")}`;
}

function forecastText(forecast: number, rto: number | undefined, style: Style): string {
  const text = `forecast ${formatDuration(forecast)}`;
  return rto !== undefined && forecast > rto ? style.bad(`${text}, longer than the RTO`) : text;
}

function sourcesText({ sources, spreadMs, target }: ApiRecoveryPreview, style: Style): string {
  if (sources.length === 0) return "";
  const rows = sources.map(({ service, source, takenAt, distanceMs, bytes, fromHost, toHost, pointId }) => [
    ...[`${service}/${source}`, moment(takenAt), formatDuration(distanceMs), formatSize(bytes)],
    fromHost === toHost ? toHost : style.warn(`${fromHost} → ${toHost}`),
    pointId,
  ]);
  const distance = target === "latest" ? "AGE" : "BEFORE TARGET";
  const list = table(["SOURCE", "MOMENT", distance, "SIZE", "HOST", "POINT"], rows, { style, right: [2, 3] });
  return sources.length < 2 ? list : `${list}\n${style.dim(`The moments lie ${formatDuration(spreadMs)} apart.`)}`;
}

function stepsText(preview: ApiRecoveryPreview, style: Style): string {
  const width = Math.max(0, ...preview.steps.map(({ title }) => title.length));
  const groups = stepGroups(preview).map(({ title, steps }) => {
    const lines = steps.map((step) => {
      const forecast = step.forecastMs === undefined ? "" : formatDuration(step.forecastMs);
      return `  ${step.critical ? style.accent("◆") : " "} ${step.title.padEnd(width)}  ${step.host}  ${style.dim(forecast)}`.trimEnd();
    });
    return [style.bold(title), ...lines].join("\n");
  });
  return [...groups, style.dim("◆ on the critical path")].join("\n");
}
