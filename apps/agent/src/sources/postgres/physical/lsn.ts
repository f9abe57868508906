/** A place in the WAL as PostgreSQL writes it, such as `2/A0000028`. */
export function parseLsn(text: string): bigint {
  const parts = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  if (parts === null) throw new Error(`${text} is no place in the WAL`);
  return (BigInt(`0x${parts[1]}`) << 32n) | BigInt(`0x${parts[2]}`);
}

export function formatLsn(lsn: bigint): string {
  const half = (value: bigint): string => value.toString(16).toUpperCase();
  return `${half(lsn >> 32n)}/${half(lsn & 0xffff_ffffn)}`;
}

/** The number of the segment that holds the byte at a place. `segmentSize` in bytes. */
export function segmentNumber(lsn: bigint, segmentSize: number): bigint {
  return lsn / BigInt(segmentSize);
}

/** The file name of a segment: timeline, and its number in two parts (XLogFileName in xlog_internal.h). */
export function segmentName(timeline: number, segment: bigint, segmentSize: number): string {
  const perId = 0x1_0000_0000n / BigInt(segmentSize);
  const hex = (value: bigint | number): string => value.toString(16).toUpperCase().padStart(8, "0");
  return `${hex(timeline)}${hex(segment / perId)}${hex(segment % perId)}`;
}

/** The numbers of the segments that hold WAL from one place up to, not including, another. */
export function segmentsBetween(start: bigint, stop: bigint, segmentSize: number): bigint[] {
  const last = segmentNumber(stop - 1n, segmentSize);
  const segments: bigint[] = [];
  for (let at = segmentNumber(start, segmentSize); at <= last; at++) segments.push(at);
  return segments;
}
