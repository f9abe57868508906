import { type FileHandle, open, readFile } from "node:fs/promises";
import { MusterError } from "@muster/core";
import { longestRange, type SourceLog } from "@muster/repository";
import { segmentSizeOf } from "../fetch/archived-file.ts";
import { formatLsn, parseSegmentName, type SegmentName } from "../lsn.ts";
import { longHeader, readSegmentHeader } from "../records/page.ts";
import { encodeFacts, factsGatherer } from "../records/range-facts.ts";
import { walScanner } from "../records/scanner.ts";

/** Files beside segments that are archived as they are: histories, the notes of backups, and the last segment of a promoted standby. */
const otherFile = /^[0-9A-F]{8}(\.history|[0-9A-F]{16}(\.[0-9A-F]{8}\.backup|\.partial))$/;

/**
 * Makes one file of PostgreSQL's archiver durable in the log. The same file again is accepted; throws `log-conflict` for another of that
 * name, `log-identity` for a segment of another cluster, `usage` for what is no file of WAL.
 */
export async function archiveFile(log: SourceLog, path: string, name: string, signal?: AbortSignal): Promise<void> {
  const segmentSize = segmentSizeOf(log);
  const segment = parseSegmentName(name, segmentSize);
  if (segment !== undefined) return archiveSegment(log, { path, name, segment, segmentSize }, signal);
  if (!otherFile.test(name)) throw new MusterError("usage", `${name} is not the name of a file of WAL`);
  await log.putFile(name, await readFile(path), { signal });
}

interface SegmentFile {
  readonly path: string;
  readonly name: string;
  readonly segment: SegmentName;
  readonly segmentSize: number;
}

async function archiveSegment(log: SourceLog, file: SegmentFile, signal: AbortSignal | undefined): Promise<void> {
  const { path, segment, segmentSize } = file;
  const source = await open(path, "r");
  try {
    const { size } = await source.stat();
    if (size !== segmentSize) throw new MusterError("source-failed", `${path} has ${size} bytes, not ${segmentSize}`);
    const { pageSize } = checkHeader(log, await readPart(source, 0, longHeader), file);
    const gatherer = factsGatherer();
    const scanner = walScanner({ start: segment.start, segmentSize, pageSize }, (found) => gatherer.add(found));
    for (let at = 0; at < segmentSize; at += longestRange) {
      const part = await readPart(source, at, Math.min(longestRange, segmentSize - at));
      scanner.feed(part);
      const start = segment.start + BigInt(at);
      const range = { timeline: segment.timeline, start, end: start + BigInt(part.length) };
      await log.append(range, [part], encodeFacts(gatherer.take()), { signal });
    }
  } finally {
    await source.close();
  }
}

async function readPart(source: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await source.read(Buffer.allocUnsafe(length), 0, length, at);
  if (bytesRead === length) return buffer;
  throw new MusterError("source-failed", `a segment ended at byte ${at + bytesRead} while it was read`);
}

/** A segment says itself whose it is; PostgreSQL's archiver would archive anything. */
function checkHeader(log: SourceLog, bytes: Buffer, { name, segment, segmentSize }: SegmentFile) {
  const header = readSegmentHeader(bytes);
  if (header === undefined) throw new MusterError("source-failed", `${name} does not begin as a segment of WAL`);
  if (header.systemIdentifier !== log.identity || header.segmentSize !== segmentSize) {
    const found = `system identifier ${header.systemIdentifier} and segments of ${header.segmentSize} bytes`;
    throw new MusterError("log-identity", `${name} is of another cluster: ${found}; the log is of ${log.identity}`);
  }
  // The first segment of a timeline begins with pages of the one before.
  if (header.start === segment.start && header.timeline <= segment.timeline) return header;
  const found = `${formatLsn(header.start)} of timeline ${header.timeline}`;
  throw new MusterError("source-failed", `${name} holds ${found}: it is damaged, or was recycled`);
}
