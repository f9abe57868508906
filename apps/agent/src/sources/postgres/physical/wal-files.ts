import { open } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { segmentName, segmentsBetween } from "./lsn.ts";

/** The WAL that a backup needs to become consistent. `segmentSize` in bytes. */
export interface WalRange {
  readonly timeline: number;
  readonly start: bigint;
  readonly stop: bigint;
  readonly segmentSize: number;
  readonly systemIdentifier: string;
}

/**
 * The names of the segments from start to stop in a server's `pg_wal`, each seen to be there, whole, and of this place and server.
 * Throws `source-failed` for one that is not: without it the backup would never become consistent.
 */
export async function requiredSegments(walDirectory: string, range: WalRange): Promise<string[]> {
  const { start, stop, timeline, segmentSize } = range;
  const names: string[] = [];
  for (const segment of segmentsBetween(start, stop, segmentSize)) {
    const name = segmentName(timeline, segment, segmentSize);
    await checkSegment(join(walDirectory, name), segment, range);
    names.push(name);
  }
  return names;
}

/** The long header of a segment's first page (`XLogLongPageHeaderData` in xlog_internal.h). */
const headerLength = 40;
const longHeaderFlag = 2;

async function checkSegment(path: string, segment: bigint, { segmentSize, systemIdentifier }: WalRange): Promise<void> {
  const file = await open(path, "r").catch((cause: unknown) => {
    if (systemErrorCode(cause) !== "ENOENT") throw cause;
    throw incomplete(path, "is gone already", cause);
  });
  try {
    const { size } = await file.stat();
    if (size !== segmentSize) throw incomplete(path, `has ${size} bytes, not ${segmentSize}`);
    const header = Buffer.alloc(headerLength);
    await file.read(header, 0, headerLength, 0);
    const problem = headerProblem(header, segment * BigInt(segmentSize), { segmentSize, systemIdentifier });
    if (problem !== undefined) throw incomplete(path, problem);
  } finally {
    await file.close();
  }
}

function headerProblem(
  header: Buffer,
  address: bigint,
  expected: Pick<WalRange, "segmentSize" | "systemIdentifier">,
): string | undefined {
  if ((header.readUInt16LE(2) & longHeaderFlag) === 0) return "does not begin with the header of a segment";
  if (header.readBigUInt64LE(8) !== address) return "holds WAL of another place";
  if (header.readBigUInt64LE(24).toString() !== expected.systemIdentifier) return "is of another cluster";
  if (header.readUInt32LE(32) !== expected.segmentSize) return "has another segment size in its header";
  return undefined;
}

function incomplete(path: string, problem: string, cause?: unknown): MusterError {
  return new MusterError("source-failed", `the backup needs the WAL segment ${path}, which ${problem}`, {
    cause,
    hint: "Set wal_keep_size, or leave a replication slot free for the agent (max_replication_slots), and back up again.",
  });
}
