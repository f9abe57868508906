import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { breather, MusterError, throwIfAborted } from "@muster/core";
import { contentBuilder } from "../tree/chunk-list.ts";
import type { Content } from "../types.ts";
import type { Sink } from "../write/store-file.ts";
import { fileError } from "../write/store-file.ts";
import type { BlockFile, PageCheck } from "../write/types.ts";
import { type PageWindow, pageSize, pageWindow } from "./page-check.ts";

/** Bytes of a block: random updates touch a fifth of such blocks where they touch nearly all of 1 MiB. */
export const blockSize = 64 * 1024;
/** Bytes that one read asks for. */
const windowSize = 2 ** 20;

/** How often a page that does not check out is read again, and how long to wait before, in milliseconds. */
const pageRereads = 5;
const rereadAfter = 10;

export interface StoredBlockFile {
  readonly content: Content;
  readonly stats: BigIntStats;
  /** It changed while it was read, or is not of the length that was asked for. */
  readonly changed: boolean;
  readonly badPages: readonly number[];
}

/** Stores files in blocks by position, one at a time: all share one window. */
export function blockStore(sink: Sink): (file: BlockFile) => Promise<StoredBlockFile> {
  const breathe = breather(20);
  let window: PageWindow | undefined;
  return async (file) => {
    window ??= pageWindow(windowSize);
    const { descriptor, stats } = openFile(file.absolutePath);
    try {
      const copy = { file, descriptor, window, sink, breathe, badPages: [] as number[] };
      const { content, read } = await storeContent(copy, Math.min(file.length, Number(stats.size)));
      const after = fstatSync(descriptor, { bigint: true });
      const settled = after.size === BigInt(read) && after.mtimeNs === stats.mtimeNs;
      return { content, stats, changed: !settled, badPages: copy.badPages };
    } finally {
      closeSync(descriptor);
    }
  };
}

function openFile(path: string): { descriptor: number; stats: BigIntStats } {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = orFileError(path, () => openSync(path, flags));
  const stats = fstatSync(descriptor, { bigint: true });
  if (stats.isFile()) return { descriptor, stats };
  closeSync(descriptor);
  throw new MusterError("source-failed", `${path} is not a regular file`, { retryable: false });
}

function orFileError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw fileError(path, thrown);
  }
}

interface Copy {
  readonly file: BlockFile;
  readonly descriptor: number;
  readonly window: PageWindow;
  readonly sink: Sink;
  readonly breathe: () => Promise<void> | undefined;
  readonly badPages: number[];
}

/** What the file has up to a length; less when it is cut off meanwhile. */
async function storeContent(copy: Copy, end: number): Promise<{ content: Content; read: number }> {
  const { sink, window, file, breathe } = copy;
  const content = contentBuilder(async (list) => (await sink.chunks.storeMeta(list)).id);
  let read = 0;
  for (let wanted = Math.min(end, windowSize); wanted > 0; wanted = Math.min(end - read, windowSize)) {
    throwIfAborted(sink.signal);
    await breathe();
    const count = readAll(copy, 0, wanted, read);
    if (file.pages !== undefined) await checkPages(copy, file.pages, read, count);
    for (let from = 0; from < count; from += blockSize) {
      await content.add(sink.chunks.store(window.buffer.subarray(from, Math.min(count, from + blockSize))));
      await sink.chunks.room();
    }
    sink.onRead(count);
    read += count;
    if (count < wanted) break; // cut off since it was listed: recovery brings what belongs behind it
  }
  return { content: await content.finish(), read };
}

/** Reads so many bytes into the window, fewer at the end of the file. */
function readAll({ descriptor, window, file }: Copy, at: number, length: number, position: number): number {
  return orFileError(file.absolutePath, () => {
    let count = 0;
    for (;;) {
      const got = readSync(descriptor, window.buffer, at + count, length - count, position + count);
      count += got;
      if (got === 0 || count === length) return count;
    }
  });
}

async function checkPages(copy: Copy, { firstPage, since }: PageCheck, position: number, count: number): Promise<void> {
  const { window, badPages } = copy;
  const numberAt = (at: number): number => firstPage + (position + at) / pageSize;
  let at = window.firstBad(0, count, numberAt(0), since);
  while (at !== -1) {
    if (
      !(await becomesGood(copy, at, position, () => window.firstBad(at, at + pageSize, numberAt(at), since) === -1))
    ) {
      badPages.push(numberAt(at));
    }
    const next = at + pageSize;
    at = next < count ? window.firstBad(next, count, numberAt(next), since) : -1;
  }
}

/** Reads a page again: one that was being written has changed since, and recovery repairs it from the WAL. */
async function becomesGood(copy: Copy, at: number, position: number, isGood: () => boolean): Promise<boolean> {
  const { window, sink } = copy;
  const page = window.buffer.subarray(at, at + pageSize);
  const first = Buffer.from(page);
  for (let n = 0; n < pageRereads; n++) {
    await wait(rereadAfter, undefined, sink.signal === undefined ? {} : { signal: sink.signal });
    if (readAll(copy, at, pageSize, position + at) < pageSize) return true; // cut off: the page is gone
    if (isGood() || !page.equals(first)) return true;
  }
  return false;
}
