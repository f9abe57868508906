import type { ApiFinding } from "@muster/protocol";
import type { Style } from "./style.ts";

type Severity = ApiFinding["severity"];

interface Shown {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Findings with their places, errors first, two lines each. */
export function findingsText(findings: readonly ApiFinding[], style: Style): string {
  return sorted(findings)
    .map((finding) => `${placeOf(finding)}${lines(finding, style)}`)
    .join("\n");
}

/** Findings of checks before a recovery, errors first. */
export function checkFindingsText(findings: readonly (Shown & { readonly subject: string })[], style: Style): string {
  return sorted(findings)
    .map((finding) => `${finding.subject}: ${lines(finding, style)}`)
    .join("\n");
}

/** `2 errors, 1 warning`; empty without findings. */
export function countText(findings: readonly { readonly severity: Severity }[]): string {
  const parts = (["error", "warning", "info"] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    if (count === 0) return [];
    return [severity === "info" ? `${count} info` : `${count} ${severity}${count === 1 ? "" : "s"}`];
  });
  return parts.join(", ");
}

function lines({ severity, code, message, hint }: Shown, style: Style): string {
  const paint = { error: style.bad, warning: style.warn, info: style.dim }[severity];
  return `${paint(`${severity}:`)} ${message} ${style.dim(`(${code})`)}\n    ${hint}`;
}

function placeOf({ file, line, column }: ApiFinding): string {
  const parts = [file, line, column].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : `${parts.join(":")}: `;
}

function sorted<T extends { readonly severity: Severity }>(findings: readonly T[]): T[] {
  const rank = { error: 0, warning: 1, info: 2 };
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}
