import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { fromErrorValue, MusterError } from "@muster/core";
import type { RestoreAnswer, RestoreRequest, RestoreThreadSettings } from "./thread-messages.ts";

/** Threads that open segments and write files. */
export interface RestoreThreads {
  readonly count: number;
  /** Resolves when what the request asks for is written; rejects with what failed. The box is moved away. */
  write(request: RestoreRequest): Promise<void>;
  /** Ends the threads, whatever they do. */
  stop(): Promise<void>;
}

/** MB of JavaScript objects in a thread; it needs a few, and a limit makes V8 collect what it would let pile up. */
const threadHeap = 32;

interface Thread {
  readonly waiting: PromiseWithResolvers<void>[];
  post(request: RestoreRequest): void;
  end(): Promise<void>;
}

export function restoreThreads(settings: RestoreThreadSettings, count: number): RestoreThreads {
  const threads = Array.from({ length: count }, () => startThread(settings));
  let stopped = false;
  return {
    count,
    async write(request) {
      if (stopped) throw new MusterError("cancelled", "the restore was given up");
      const [idlest] = threads.toSorted((a, b) => a.waiting.length - b.waiting.length);
      const answered = Promise.withResolvers<void>();
      idlest?.waiting.push(answered);
      idlest?.post(request);
      await answered.promise;
    },
    async stop() {
      stopped = true;
      await Promise.all(threads.map(({ end }) => end()));
    },
  };
}

function startThread(settings: RestoreThreadSettings): Thread {
  const worker = new Worker(workerFile(), {
    workerData: settings,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    resourceLimits: { maxOldGenerationSizeMb: threadHeap },
  });
  const waiting: PromiseWithResolvers<void>[] = [];
  const fail = (error: unknown): void => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on("message", (answer: RestoreAnswer) => {
    const answered = waiting.shift();
    if (answer.kind === "written") answered?.resolve();
    else answered?.reject(fromErrorValue(answer.error));
  });
  worker.on("error", fail);
  worker.on("exit", () => fail(new MusterError("internal", "a thread that restores ended by itself")));
  return {
    waiting,
    post: (request) => worker.postMessage(request, movable(request.box)),
    end: async () => void (await worker.terminate()),
  };
}

/** A small buffer may share its memory with others, which must not be moved away. */
function movable(box: Uint8Array): ArrayBuffer[] {
  const { buffer } = box;
  return buffer instanceof ArrayBuffer && buffer.byteLength === box.byteLength ? [buffer] : [];
}

/** The thread's program: a source file, or in a release a bundle beside the one that asks. */
function workerFile(): string {
  const own = fileURLToPath(import.meta.url);
  const file = own.endsWith(".ts") ? "restore-worker.ts" : "muster-restore-worker.js";
  return own.replace(/[^/]+$/, file);
}
