import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { fromErrorValue, MusterError } from "@muster/core";
import { alignedBuffer } from "@muster/object-store";
import type { SealOwner } from "../encrypt/box.ts";
import type { FooterChunk } from "./footer.ts";
import { type BuiltPack, packBufferSize, type SealOptions, segmentMost } from "./pack-builder.ts";
import type { ThreadAnswer, ThreadRequest, ThreadSettings } from "./thread-messages.ts";

/** Segments that a thread may have before it: one to work on, one to go on with. */
const segmentsAhead = 2;
/** Buffers for packs beyond one for each thread: so many can be stored while all threads go on. */
const spareBuffers = 1;

/** A buffer for a segment's plain bytes that can be lent to a thread. */
export function segmentBuffer(): Buffer {
  return Buffer.from(new SharedArrayBuffer(segmentMost));
}

/** A segment's plain bytes, in a `segmentBuffer`. */
export interface Segment {
  readonly buffer: Buffer;
  readonly length: number;
  readonly chunks: readonly FooterChunk[];
}

export interface PackThreads {
  /** Takes the segment; resolves when there is room for another one. `done` gets the buffer back when it is sealed. */
  seal(segment: Segment, done: (buffer: Buffer) => void): Promise<void>;
  /** Resolves when every pack is stored. */
  finish(): Promise<void>;
  /** Ends the threads, whatever they do, and waits for packs that are being stored. */
  stop(): Promise<void>;
}

/** Threads that seal segments into packs; `store` makes a pack durable before its buffer is used again. */
export function packThreads(
  owner: SealOwner,
  options: SealOptions,
  count: number,
  store: (pack: BuiltPack) => Promise<void>,
): PackThreads {
  const storing = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const fail = (error: unknown): void => {
    failure ??= { error };
    wake();
  };
  const spare = Array.from({ length: spareBuffers }, newPackBuffer);
  const without: Thread[] = [];
  const handOut = (): void => {
    for (let thread = without[0]; thread !== undefined && spare.length > 0; thread = without[0]) {
      without.shift();
      for (const buffer of spare.splice(-1)) thread.post({ kind: "pack-buffer", buffer });
    }
  };
  const onPack = (thread: Thread, pack: BuiltPack, buffer: SharedArrayBuffer): void => {
    without.push(thread);
    handOut();
    const work = store(pack)
      .then(() => void spare.push(buffer), fail)
      .finally(() => {
        storing.delete(work);
        handOut();
        wake();
      });
    storing.add(work);
  };
  const threads = Array.from({ length: count }, () => startThread({ owner, options }, { onPack, fail, wake }));

  const until = async (condition: () => boolean): Promise<void> => {
    while (failure === undefined && !condition()) await changed.promise;
    if (failure !== undefined) throw failure.error;
  };
  return {
    async seal(segment, done) {
      await until(() => threads.some(({ ahead }) => ahead() < segmentsAhead));
      const [idlest] = threads.toSorted((a, b) => a.ahead() - b.ahead());
      idlest?.seal(segment, done);
    },
    async finish() {
      for (const { post } of threads) post({ kind: "finish" });
      await until(() => threads.every(({ hasFinished }) => hasFinished()) && storing.size === 0);
    },
    async stop() {
      await Promise.all([...threads.map(({ end }) => end()), ...storing]);
    },
  };
}

/** MB of JavaScript objects in a thread; it needs a few, and a limit makes V8 collect what it would let pile up. */
const threadHeap = 48;

interface Thread {
  /** Segments that it has not sealed yet. */
  ahead(): number;
  hasFinished(): boolean;
  seal(segment: Segment, done: (buffer: Buffer) => void): void;
  post(request: ThreadRequest): void;
  end(): Promise<void>;
}

interface Events {
  onPack(thread: Thread, pack: BuiltPack, buffer: SharedArrayBuffer): void;
  fail(error: unknown): void;
  wake(): void;
}

function startThread(settings: ThreadSettings, { onPack, fail, wake }: Events): Thread {
  const worker = new Worker(workerFile(), {
    workerData: settings,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    resourceLimits: { maxOldGenerationSizeMb: threadHeap },
  });
  const awaited: ((buffer: Buffer) => void)[] = [];
  let finished = false;
  const thread: Thread = {
    ahead: () => awaited.length,
    hasFinished: () => finished,
    seal({ buffer, length, chunks }, done) {
      awaited.push(done);
      const shared = buffer.buffer as SharedArrayBuffer; // made by segmentBuffer
      const ids = Buffer.concat(chunks.map(({ id }) => id));
      const lengths = chunks.map(({ length }) => length);
      thread.post({ kind: "segment", buffer: shared, length, ids, lengths });
    },
    post: (request) => worker.postMessage(request),
    end: async () => void (await worker.terminate()),
  };
  const answer = (answer: ThreadAnswer): void => {
    if (answer.kind === "sealed") awaited.shift()?.(Buffer.from(answer.buffer));
    else if (answer.kind === "pack") onPack(thread, builtPack(answer), answer.buffer);
    else if (answer.kind === "finished") finished = true;
    else fail(fromErrorValue(answer.error));
    wake();
  };
  worker.on("message", answer);
  worker.on("error", fail);
  worker.on("exit", () => {
    if (!finished) fail(new MusterError("internal", "a thread that seals packs ended by itself"));
  });
  const buffer = newPackBuffer();
  thread.post({ kind: "pack-buffer", buffer });
  return thread;
}

function newPackBuffer(): SharedArrayBuffer {
  return alignedBuffer(packBufferSize).buffer;
}

function builtPack({ buffer, bodyLength, packId, tail, footer }: Extract<ThreadAnswer, { kind: "pack" }>): BuiltPack {
  return {
    packId: asBuffer(packId),
    body: Buffer.from(buffer, 0, bodyLength),
    tail: asBuffer(tail),
    footer: asBuffer(footer),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The thread's program: a source file, or in a release a bundle beside the one that asks. */
function workerFile(): string {
  const own = fileURLToPath(import.meta.url);
  const file = own.endsWith(".ts") ? "pack-worker.ts" : "muster-pack-worker.js";
  return own.replace(/[^/]+$/, file);
}
