import { closeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { errorValue } from "@muster/core";
import { chunkIds } from "../chunk/chunk-id.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openBoxSync } from "../encrypt/box.ts";
import { packBoxKey } from "../pack/layout.ts";
import { writePast } from "./direct-write.ts";
import { restoreError } from "./errors.ts";
import { createFile, finishFile, writeAll } from "./new-file.ts";
import { lengthOf, type PieceRun, runsOf } from "./piece-runs.ts";
import type { ChunkSpan, RestoreAnswer, RestoreRequest, RestoreThreadSettings, WholeFile } from "./thread-messages.ts";
import { decodeWholeFiles } from "./whole-files.ts";

/*
 * A thread that opens segments and writes what is in them to files. It reads nothing from the store: segments come to it as
 * they are stored, and every chunk is checked against its id before it is written.
 */
const settings = workerData as RestoreThreadSettings; // from restore-threads.ts
const owner = { ...settings.owner, sealKey: Buffer.from(settings.owner.sealKey) };
const ids = chunkIds(Buffer.from(settings.idKey));

/** Segments leave buffers outside V8's heap behind, which it alone would let pile up. */
const collectEvery = 1;
/** There where the process was started with --expose-gc; see `dataProcess` in core. */
const collect = globalThis.gc;
let opened = 0;

/** A segment's bytes. */
interface Segment {
  readonly plain: Buffer;
  /** The bytes of a chunk, once they are what its id says. */
  chunk(span: ChunkSpan): Buffer;
}

function openSegment({ packId, position, plainLength, box }: RestoreRequest): Segment {
  const key = packBoxKey(owner, packId);
  const plain = openBoxSync(key, position, box);
  if (plain.length !== plainLength) throw malformed(key.what, `has box ${position} of another length`);
  const checked = new Set<number>();
  const chunk = ({ id, offset, length }: ChunkSpan): Buffer => {
    const bytes = plain.subarray(offset, offset + length);
    if (checked.has(offset)) return bytes;
    if (!ids.of(bytes).equals(id)) throw malformed(`a chunk of ${key.what}`, "is not what its id says");
    checked.add(offset);
    return bytes;
  };
  return { plain, chunk };
}

/** Before anything is written: what is damaged here may be whole in another place, and is written from there. */
function checkAll(files: readonly WholeFile[], pieces: RestoreRequest["pieces"], segment: Segment): void {
  for (const { chunks } of files) for (const chunk of chunks) segment.chunk(chunk);
  for (const { chunk } of pieces) segment.chunk(chunk);
}

function writeWhole({ path, meta, chunks }: WholeFile, segment: Segment): void {
  try {
    const descriptor = createFile(path);
    try {
      for (const chunk of chunks) writeAll(descriptor, segment.chunk(chunk));
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
    finishFile(descriptor, path, meta);
  } catch (thrown) {
    throw restoreError(thrown, Buffer.from(path).toString());
  }
}

/** Wait for what it returns, if anything. */
function writeRun(run: PieceRun, { plain }: Segment): Promise<void> | undefined {
  const [{ path, descriptor, direct, position, chunk }] = run.pieces;
  const bytes = plain.subarray(chunk.offset, chunk.offset + lengthOf(run));
  const fail = (thrown: unknown): never => {
    throw restoreError(thrown, Buffer.from(path).toString());
  };
  try {
    if (direct !== undefined) return writePast({ descriptor, direct }, bytes, position)?.catch(fail);
    writeAll(descriptor, bytes, position);
    return undefined;
  } catch (thrown) {
    return fail(thrown);
  }
}

/** Writes what a request asks for; gives what is still on its way to the disk. */
function carryOut(request: RestoreRequest): Promise<void>[] {
  const segment = openSegment(request);
  const files = [...decodeWholeFiles(request.files)];
  checkAll(files, request.pieces, segment);
  for (const file of files) writeWhole(file, segment);
  return [...runsOf(request.pieces)].flatMap((run) => writeRun(run, segment) ?? []);
}

async function answerTo(request: RestoreRequest): Promise<RestoreAnswer> {
  try {
    await Promise.all(carryOut(request));
    return { kind: "written" };
  } catch (thrown) {
    return { kind: "failed", error: errorValue(thrown) };
  }
}

let answered: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: RestoreRequest) => {
  const answer = answerTo(request);
  answered = answered.then(async () => parentPort?.postMessage(await answer)); // in the order of the requests
  opened += 1;
  if (opened % collectEvery === 0) collect?.({ type: "minor" });
});
