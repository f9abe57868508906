import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { BlockFile, PointWriter } from "@muster/repository";
import { dataEntry } from "./copy-files.ts";
import { requiredSegments, type WalRange } from "./wal-files.ts";

/**
 * Adds the WAL segments from start to stop, and the histories of timelines. Throws `source-failed` unless every segment was there and whole,
 * and still is afterwards: the server recycles segments in place, so a copy of a recycled one is of another part of the WAL.
 */
export async function addWal(writer: PointWriter, walDirectory: string, range: WalRange): Promise<void> {
  const segments = await requiredSegments(walDirectory, range);
  const files = [...segments.map((name) => ({ name, size: range.segmentSize })), ...historyFiles(walDirectory)];
  const blocks = files.map(({ name, size }): BlockFile => {
    const absolutePath = join(walDirectory, name);
    return { path: `${dataEntry}/pg_wal/${name}`, absolutePath, length: size, reuse: false };
  });
  const outcomes = await writer.addBlocks(blocks);
  for (const [n, { absolutePath, length }] of blocks.entries()) {
    const { failure, bytes } = outcomes[n] ?? {};
    if (failure === undefined && bytes === length) continue;
    const message = `the WAL file ${absolutePath} vanished while it was copied`;
    throw new MusterError("source-failed", message, { cause: failure });
  }
  await requiredSegments(walDirectory, range);
}

/** The histories of timelines: recovery asks for that of its own. */
function historyFiles(walDirectory: string): { name: string; size: number }[] {
  const names = readdirSync(walDirectory).filter((name) => /^[0-9A-F]{8}\.history$/.test(name));
  return names.map((name) => ({ name, size: statSync(join(walDirectory, name)).size }));
}
