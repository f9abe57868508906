import type { Recovery } from "./operator.ts";
import type { Verdict } from "./proof/proof.ts";

/** Prints one line of the demo. */
export function line(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** A headline with the time since the demo's beginning. */
export function headline(text: string): void {
  line(`\n── ${text} ${"─".repeat(Math.max(0, 60 - text.length))} ${seconds(performance.now())}`);
}

/** Milliseconds as `12.3 s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Prints what the proof found; true when nothing is wrong. */
export function reportProof(verdicts: readonly Verdict[]): boolean {
  for (const { what, compared, problems } of verdicts) {
    line(`  ${problems.length === 0 ? "ok    " : "WRONG "} ${what}: ${compared}`);
    for (const problem of problems) line(`           ${problem}`);
  }
  return verdicts.every(({ problems }) => problems.length === 0);
}

/** Prints the measured times against the objectives; true when these are met. */
export function reportObjectives(recovery: Recovery): boolean {
  const { achieved, objectives } = recovery;
  for (const { tier, rtoMs } of achieved?.tiers ?? [])
    line(`  tier ${tier} was back after ${rtoMs === undefined ? "?" : seconds(rtoMs)}`);
  const rto = compare("RTO", achieved?.rtoMs, objectives.rtoMs);
  const rpo = compare("RPO", achieved?.rpoMs, objectives.rpoMs);
  return rto && rpo;
}

function compare(name: string, measured: number | undefined, allowed: number | undefined): boolean {
  const met = measured !== undefined && (allowed === undefined || measured <= allowed);
  line(
    `  ${name} ${measured === undefined ? "not measured" : seconds(measured)} of ${allowed === undefined ? "no limit" : seconds(allowed)} allowed: ${met ? "met" : "MISSED"}`,
  );
  return met;
}
