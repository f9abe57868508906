import { parentPort, workerData } from "node:worker_threads";
import { errorValue } from "@muster/core";
import { idLength } from "../chunk/chunk-id.ts";
import type { FooterChunk } from "./footer.ts";
import { type PackBuilder, packBuilder } from "./pack-builder.ts";
import type { ThreadAnswer, ThreadRequest, ThreadSettings } from "./thread-messages.ts";

/*
 * A thread that seals segments into packs of its own. Buffers are lent to it, one side at a time: they are shared memory, so
 * that nothing is copied and nothing is left for the collectors of two heaps.
 */
type Segment = Extract<ThreadRequest, { kind: "segment" }>;

const { owner, options } = workerData as ThreadSettings; // from pack-threads.ts
const sealOwner = { ...owner, sealKey: Buffer.from(owner.sealKey) };
const waiting: Segment[] = [];
const freeBuffers: SharedArrayBuffer[] = [];
let open: { readonly builder: PackBuilder; readonly buffer: SharedArrayBuffer } | undefined;
let finishing = false;
let sealed = 0;

/** Each segment leaves buffers of more than its size behind, which V8 alone would let pile up: they are outside its heap. */
const collectEvery = 2;
/** There where the process was started with --expose-gc; see `dataProcess` in core. */
const collect = globalThis.gc;

function tell(answer: ThreadAnswer): void {
  parentPort?.postMessage(answer);
}

function work(): void {
  for (let next = waiting[0]; next !== undefined && hasPack(); next = waiting[0]) {
    waiting.shift();
    seal(next);
    if (open?.builder.full) handOver();
  }
  if (!finishing || waiting.length > 0) return;
  if (open !== undefined) handOver();
  tell({ kind: "finished" });
  parentPort?.close();
}

/** Whether there is a pack to seal into; opens one if there is a buffer for it. */
function hasPack(): boolean {
  if (open !== undefined) return true;
  const buffer = freeBuffers.pop();
  if (buffer === undefined) return false;
  open = { buffer, builder: packBuilder(sealOwner, Buffer.from(buffer), options) };
  return true;
}

function seal({ buffer, length, ids, lengths }: Segment): void {
  const chunks = lengths.map((length, n): FooterChunk => {
    return { id: ids.subarray(n * idLength, (n + 1) * idLength), length };
  });
  open?.builder.add(Buffer.from(buffer, 0, length), chunks);
  tell({ kind: "sealed", buffer });
  sealed += 1;
  if (sealed % collectEvery === 0) collect?.({ type: "minor" });
}

function handOver(): void {
  if (open === undefined) return;
  const { builder, buffer } = open;
  open = undefined;
  const { body, ...rest } = builder.finish();
  tell({ kind: "pack", buffer, bodyLength: body.length, ...rest });
}

parentPort?.on("message", (request: ThreadRequest) => {
  try {
    if (request.kind === "segment") waiting.push(request);
    else if (request.kind === "pack-buffer") freeBuffers.push(request.buffer);
    else finishing = true;
    work();
  } catch (thrown) {
    tell({ kind: "failed", error: errorValue(thrown) });
    parentPort?.close();
  }
});
