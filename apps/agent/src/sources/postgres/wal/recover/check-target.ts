import { MusterError } from "@muster/core";
import { coverage } from "@muster/repository";
import { segmentSizeOf } from "../fetch/archived-file.ts";
import { formatLsn, segmentStart } from "../lsn.ts";
import { joinFacts } from "../records/range-facts.ts";
import type { FoundRecord } from "../records/scanner.ts";
import { factsBetween, factsOf, type LogOnPath, piecesOf } from "./facts-of-path.ts";
import { partsOf, scanPart } from "./scan-path.ts";
import { type RecoveryTarget, serverTime } from "./target.ts";
import type { RecoveryBase } from "./timeline-path.ts";

interface Check extends LogOnPath {
  readonly base: RecoveryBase;
}

/**
 * Throws `target-too-early` or `target-too-late` when PostgreSQL would not stop at the target: it goes on to the end when a target passed before
 * the backup was consistent, and gives up with FATAL when the log ends first (since version 13).
 */
export async function checkTarget(target: RecoveryTarget, check: Check): Promise<void> {
  const { path, base } = check;
  if (path.end.lsn < base.stopLsn) {
    throw new MusterError(
      "log-gap",
      `the log ends at ${formatLsn(path.end.lsn)}, the backup needs it up to ${formatLsn(base.stopLsn)}`,
    );
  }
  switch (target.kind) {
    case "latest":
      return;
    case "time":
      return checkTime(target, check);
    case "name":
      return checkName(target.name, check);
    case "lsn":
      return checkLsn(target.lsn, check);
    case "xid":
      return checkXid(target.xid, check);
    default:
      return target satisfies never;
  }
}

/**
 * PostgreSQL stops at the first end of a transaction behind the time; it needs one. Where one is behind the time already in the backup, there would be
 * more in the outcome than asked for, and PostgreSQL says nothing.
 */
async function checkTime({ time, inclusive }: { time: number; inclusive: boolean }, check: Check): Promise<void> {
  const { base, path } = check;
  const passes = (at: number): boolean => (inclusive ? at > time : at >= time);
  if (time < base.stoppedAt) {
    const last = await lastCommitBefore(check, beginOf(check), base.stopLsn);
    if (last === undefined || passes(last)) {
      const message = `the backup ended at ${serverTime(base.stoppedAt)}, behind the target ${serverTime(time)}`;
      throw new MusterError("target-too-early", message);
    }
  }
  const last = await lastCommitBefore(check, base.stopLsn, path.end.lsn, passes);
  if (last !== undefined && passes(last)) return;
  const end =
    last === undefined ? "has no transaction behind the backup" : `ends with a transaction of ${serverTime(last)}`;
  throw new MusterError("target-too-late", `the log ${end}; nothing in it lies behind the target ${serverTime(time)}`);
}

/** Where the log begins on the base's timeline, without a break up to the base. */
function beginOf({ listing, base }: Check): bigint {
  const spans = coverage(listing.ranges, base.timeline);
  return spans.find(({ start, end }) => start <= base.startLsn && base.startLsn < end)?.start ?? base.startLsn;
}

/** The latest end of a transaction between two positions, looked for from the end on until there is one that is `enough`. */
async function lastCommitBefore(
  check: Check,
  from: bigint,
  until: bigint,
  enough: (time: number) => boolean = () => true,
): Promise<number | undefined> {
  let last: number | undefined;
  for (const piece of piecesOf(check, from, until).reverse()) {
    const { lastCommit } = await factsOf(check, piece);
    last = latest(last, lastCommit);
    if (last !== undefined && enough(last)) break;
  }
  return last;
}

async function checkName(name: string, check: Check): Promise<void> {
  const late = joinFacts(await factsBetween(check, check.base.stopLsn, check.path.end.lsn));
  if (late.points.some((point) => point.name === name)) return;
  const early = joinFacts(await factsBetween(check, check.base.startLsn, check.base.stopLsn));
  if (early.points.some((point) => point.name === name))
    throw new MusterError("target-too-early", `the restore point "${name}" lies before the end of the backup`);
  const there = late.points.map((point) => `"${point.name}"`).join(", ");
  throw new MusterError("target-too-late", `the log has no restore point "${name}"; it has: ${there || "none"}`);
}

async function checkLsn(lsn: bigint, { log, listing, path, base, signal }: Check): Promise<void> {
  if (lsn < base.stopLsn)
    throw new MusterError(
      "target-too-early",
      `${formatLsn(lsn)} lies before ${formatLsn(base.stopLsn)}, the end of the backup`,
    );
  const { timeline, lsn: end } = path.end;
  const start = segmentStart(end - 1n, segmentSizeOf(log));
  const last = lsn < start ? end : await scanPart(log, listing, { timeline, start, end }, () => undefined, signal);
  if (last === undefined || last < lsn)
    throw new MusterError(
      "target-too-late",
      `no record of the log begins at or behind ${formatLsn(lsn)}; it ends at ${formatLsn(end)}`,
    );
}

async function checkXid(xid: number, check: Check): Promise<void> {
  const { base, path, log, listing, signal } = check;
  let found: bigint | undefined;
  const look = ({ lsn, record }: FoundRecord): void => {
    if (record.kind !== "restore-point" && record.xid === xid) found ??= lsn;
  };
  for (const part of partsOf(path, base.startLsn)) {
    await scanPart(log, listing, part, look, signal);
    if (found !== undefined) break;
  }
  if (found === undefined) throw new MusterError("target-too-late", `the log has no end of transaction ${xid}`);
  if (found < base.stopLsn) throw new MusterError("target-too-early", `transaction ${xid} ended before the backup did`);
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
