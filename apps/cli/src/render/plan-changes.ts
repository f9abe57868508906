import type { ApiPlanApplied } from "@muster/protocol";
import type { Style } from "./style.ts";

/** What a new version of a plan changes, one line each. */
export function changesText(changes: ApiPlanApplied["changes"], style: Style): string {
  return changes
    .map(({ kind, path, before, after }) => {
      if (kind === "added") return style.good(`+ ${path}${valueText(after)}`);
      if (kind === "removed") return style.bad(`- ${path}${valueText(before)}`);
      return style.warn(`~ ${path}: ${shortText(before)} → ${shortText(after)}`);
    })
    .join("\n");
}

function valueText(value: unknown): string {
  return value === undefined || typeof value === "object" ? "" : `: ${shortText(value)}`;
}

function shortText(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
