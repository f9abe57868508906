import { MusterError } from "@muster/core";

/** Parses PostgreSQL's `16/B374D848`. Throws `usage`. */
export function parseLsn(text: string): bigint {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new MusterError("usage", `"${text}" is not a WAL position`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn: bigint): string {
  const hex = (part: bigint): string => part.toString(16).toUpperCase();
  return `${hex(lsn >> 32n)}/${hex(lsn & 0xffff_ffffn)}`;
}

/** The first byte of the segment that a position lies in. */
export function segmentStart(lsn: bigint, segmentSize: number): bigint {
  return lsn - (lsn % BigInt(segmentSize));
}

/** A segment by what its name says. */
export interface SegmentName {
  readonly timeline: number;
  readonly start: bigint;
}

/** The name of the segment that begins at `start`: timeline, then the segment's number in two parts (xlog_internal.h, XLogFileName). */
export function segmentName({ timeline, start }: SegmentName, segmentSize: number): string {
  const perId = 0x1_0000_0000n / BigInt(segmentSize);
  const number = start / BigInt(segmentSize);
  return [BigInt(timeline), number / perId, number % perId].map((part) => hex8(part)).join("");
}

/** What the name of a segment says; undefined for another name, or one that cannot be with this segment size. */
export function parseSegmentName(name: string, segmentSize: number): SegmentName | undefined {
  const [, timeline, high, low] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? [];
  if (timeline === undefined || high === undefined || low === undefined) return undefined;
  const perId = 0x1_0000_0000n / BigInt(segmentSize);
  const within = BigInt(`0x${low}`);
  if (within >= perId) return undefined;
  const number = BigInt(`0x${high}`) * perId + within;
  return { timeline: Number.parseInt(timeline, 16), start: number * BigInt(segmentSize) };
}

/** The name of a timeline's history file. */
export function historyName(timeline: number): string {
  return `${hex8(BigInt(timeline))}.history`;
}

function hex8(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}
