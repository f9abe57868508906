import { closeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { errorValue } from "@muster/core";
import { chunkIds } from "../chunk/chunk-id.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openBoxSync } from "../encrypt/box.ts";
import { packBoxKey } from "../pack/layout.ts";
import { restoreError } from "./errors.ts";
import { createFile, finishFile, writeAll } from "./new-file.ts";
import type {
  ChunkSpan,
  FilePiece,
  RestoreAnswer,
  RestoreRequest,
  RestoreThreadSettings,
  WholeFile,
} from "./thread-messages.ts";

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

/** The bytes of a chunk, once they are what its id says. */
type Chunks = (span: ChunkSpan) => Buffer;

function chunksOf({ packId, position, plainLength, box }: RestoreRequest): Chunks {
  const key = packBoxKey(owner, packId);
  const plain = openBoxSync(key, position, box);
  if (plain.length !== plainLength) throw malformed(key.what, `has box ${position} of another length`);
  const checked = new Set<number>();
  return ({ id, offset, length }) => {
    const chunk = plain.subarray(offset, offset + length);
    if (checked.has(offset)) return chunk;
    if (!ids.of(chunk).equals(id)) throw malformed(`a chunk of ${key.what}`, "is not what its id says");
    checked.add(offset);
    return chunk;
  };
}

function writeWhole({ path, meta, chunks }: WholeFile, bytes: Chunks): void {
  try {
    const descriptor = createFile(path);
    try {
      for (const chunk of chunks) writeAll(descriptor, bytes(chunk));
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
    finishFile(descriptor, path, meta);
  } catch (thrown) {
    throw restoreError(thrown, Buffer.from(path).toString());
  }
}

function writePiece({ path, descriptor, position, chunk }: FilePiece, bytes: Chunks): void {
  try {
    writeAll(descriptor, bytes(chunk), position);
  } catch (thrown) {
    throw restoreError(thrown, Buffer.from(path).toString());
  }
}

function answerTo(request: RestoreRequest): RestoreAnswer {
  try {
    const bytes = chunksOf(request);
    for (const file of request.files) writeWhole(file, bytes);
    for (const piece of request.pieces) writePiece(piece, bytes);
    return { kind: "written" };
  } catch (thrown) {
    return { kind: "failed", error: errorValue(thrown) };
  }
}

parentPort?.on("message", (request: RestoreRequest) => {
  parentPort?.postMessage(answerTo(request));
  opened += 1;
  if (opened % collectEvery === 0) collect?.({ type: "minor" });
});
