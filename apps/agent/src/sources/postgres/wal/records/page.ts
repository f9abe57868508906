/** Sizes and flags of WAL pages (xlog_internal.h); the same in PostgreSQL 14 to 18. Integers are of the server's order: little-endian. */
export const shortHeader = 24;
/** The first page of a segment has the longer one. */
export const longHeader = 40;

const firstIsContinuation = 0x01;

export interface PageHeader {
  /** Bytes at the start of the page that belong to a record begun on an earlier one; 0 for none. */
  readonly continued: number;
}

/** Reads a page's header; a page of zeros, as behind a switch of the segment, has none. */
export function readPageHeader(bytes: Buffer): PageHeader | undefined {
  if (bytes.readUInt16LE(0) === 0) return undefined;
  const continued = (bytes.readUInt16LE(2) & firstIsContinuation) === 0 ? 0 : bytes.readUInt32LE(16);
  return { continued };
}

/** What the long header of a segment's first page says of the cluster. */
export interface SegmentHeader {
  readonly timeline: number;
  readonly start: bigint;
  readonly systemIdentifier: string;
  readonly segmentSize: number;
  readonly pageSize: number;
}

/** Reads the long header; undefined when the bytes do not begin with one. */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  const hasLongHeader = 0x02;
  if (bytes.length < longHeader || bytes.readUInt16LE(0) === 0 || (bytes.readUInt16LE(2) & hasLongHeader) === 0)
    return undefined;
  return {
    timeline: bytes.readUInt32LE(4),
    start: bytes.readBigUInt64LE(8),
    systemIdentifier: bytes.readBigUInt64LE(24).toString(),
    segmentSize: bytes.readUInt32LE(32),
    pageSize: bytes.readUInt32LE(36),
  };
}
