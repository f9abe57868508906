import { breather } from "@muster/core";
import type { ChunkIndex } from "../index/chunk-index.ts";
import type { FileToWrite, WriteFilesOptions } from "../read/types.ts";
import { dataRefs } from "../tree/chunk-list.ts";
import { createFile, fileMeta, finishFile } from "./new-file.ts";
import { type OpenFiles, openFiles } from "./open-files.ts";
import { type SegmentGroups, segmentGroups } from "./segment-groups.ts";
import { type RestoreSource, segmentWriter } from "./segment-writer.ts";
import type { ChunkSpan } from "./thread-messages.ts";

/** Files in the making; with more, those that wait for a segment get it now. */
const mostOpenFiles = 256;

/**
 * Makes new files in threads: segment by segment, each read once as far as the order of the files allows. The thread that
 * calls this reads the store and keeps the books; opening, checking and writing are done in the others.
 */
export async function writeFilesInThreads(
  source: RestoreSource,
  files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>,
  { signal, onBytes, onFile }: WriteFilesOptions,
): Promise<void> {
  const segments = segmentWriter(source, signal, ({ bytes, files, pieces }) => {
    onBytes?.(bytes);
    for (const _ of files) onFile?.();
    for (const { descriptor, chunk } of pieces) open.of(descriptor)?.written(chunk.length);
  });
  const open = openFiles({ onFinished: () => onFile?.(), onFailure: segments.fail });
  const groups = segmentGroups(segments.write);
  const breathe = breather(20);
  try {
    for await (const file of files) {
      segments.check();
      const turn = breathe();
      if (turn !== undefined) await turn;
      const full = file.content.size === 0 ? writeEmpty(file, onFile) : writeContent(source, file, groups, open);
      if (full !== undefined) await full;
    }
    await groups.flush();
    await segments.finish();
    await open.synced();
    segments.check();
  } finally {
    await segments.stop();
    await open.close();
  }
}

function writeEmpty({ path, entry, ownership }: FileToWrite, onFile: (() => void) | undefined): undefined {
  finishFile(createFile(path), path, fileMeta(entry, ownership));
  onFile?.();
}

/** What it returns, if anything, must be waited for. */
function writeContent(
  source: RestoreSource,
  file: FileToWrite,
  groups: SegmentGroups,
  open: OpenFiles,
): Promise<void> | undefined {
  const { path, entry, content, ownership } = file;
  const whole = inOneSegment(file, source.index);
  if (whole === undefined) return writePieces(source, file, groups, open);
  const meta = fileMeta(entry, ownership);
  return groups.addFile(whole.segment, { path, meta, chunks: whole.chunks }, content.size);
}

async function writePieces(
  source: RestoreSource,
  { path, entry, content, ownership }: FileToWrite,
  groups: SegmentGroups,
  open: OpenFiles,
): Promise<void> {
  const meta = fileMeta(entry, ownership);
  if (open.size >= mostOpenFiles) await groups.flush();
  const made = open.create(path, meta, content.size);
  let position = 0;
  for await (const { id } of dataRefs(content.content, source.chunks.read)) {
    const { segment, offset, length } = source.index.find(id) ?? (await source.chunks.locate(id));
    made.expect();
    const { descriptor, direct } = made;
    await groups.addPiece(segment, { path, descriptor, direct, position, chunk: { id, offset, length } });
    position += length;
  }
  made.complete();
}

/** Where the content is, when it is all in one segment. */
function inOneSegment(
  { content }: FileToWrite,
  index: ChunkIndex,
): { segment: number; chunks: readonly ChunkSpan[] } | undefined {
  const { depth, chunks } = content.content;
  if (depth > 0) return undefined;
  const spans: ChunkSpan[] = [];
  let segment: number | undefined;
  for (const { id } of chunks) {
    const place = index.find(id);
    if (place === undefined || (segment !== undefined && place.segment !== segment)) return undefined;
    segment = place.segment;
    spans.push({ id, offset: place.offset, length: place.length });
  }
  return segment === undefined ? undefined : { segment, chunks: spans };
}
