import { MusterError } from "@muster/core";
import { formatLsn } from "../lsn.ts";

/** Where recovery stops. `inclusive`: just behind the target instead of just before it. Times in milliseconds since the Unix epoch. */
export type RecoveryTarget =
  | { readonly kind: "latest" }
  | { readonly kind: "time"; readonly time: number; readonly inclusive: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "lsn"; readonly lsn: bigint; readonly inclusive: boolean }
  | { readonly kind: "xid"; readonly xid: number; readonly inclusive: boolean };

/** Everything that an earlier recovery may have left set; what is not ours is emptied. */
const allTargets = [
  "recovery_target",
  "recovery_target_time",
  "recovery_target_name",
  "recovery_target_lsn",
  "recovery_target_xid",
];

/**
 * The settings that make PostgreSQL stop there. A target other than `latest` is paused at, to be validated before it is promoted. The target
 * itself comes last: PostgreSQL takes any setting of another one behind it, even an empty one, for a second target.
 */
export function targetSettingsOf(target: RecoveryTarget, timeline: number): [name: string, value: string][] {
  const own = ownSetting(target);
  const others = allTargets.filter((name) => name !== own?.[0]);
  return [
    ...others.map((name): [string, string] => [name, ""]),
    ["recovery_target_inclusive", "inclusive" in target && !target.inclusive ? "off" : "on"],
    ["recovery_target_timeline", String(timeline)],
    ["recovery_target_action", target.kind === "latest" ? "promote" : "pause"],
    ...(own === undefined ? [] : [own]),
  ];
}

function ownSetting(target: RecoveryTarget): [name: string, value: string] | undefined {
  switch (target.kind) {
    case "latest":
      return undefined;
    case "time":
      return ["recovery_target_time", serverTime(target.time)];
    case "name":
      return ["recovery_target_name", target.name];
    case "lsn":
      return ["recovery_target_lsn", formatLsn(target.lsn)];
    case "xid":
      return ["recovery_target_xid", String(target.xid)];
    default:
      return target satisfies never;
  }
}

/** A time with its offset and the microseconds that PostgreSQL counts. */
export function serverTime(time: number): string {
  const microseconds = Math.round((time - Math.floor(time)) * 1000);
  const text = new Date(Math.floor(time)).toISOString();
  return `${text.slice(0, -1)}${String(microseconds).padStart(3, "0")}+00`.replace("T", " ");
}

/** Parses a time that says its offset. Throws `usage` for one that does not: the server's time zone must not decide. */
export function parseTargetTime(text: string): number {
  const time = /([Zz]|[+-]\d\d(:?\d\d)?)$/.test(text) ? Date.parse(text.replace(" ", "T")) : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new MusterError("usage", `"${text}" is not a time with an offset`, {
    hint: "Write it like 2026-01-31T12:00:00Z.",
  });
}
