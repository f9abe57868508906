import { openDeletableFileStore, openFileStore } from "@muster/object-store";
import { faultyStore } from "@muster/object-store/testing";
import { openDomain } from "../index.ts";
import type { DomainGrant } from "../types.ts";
import { seededRandom } from "./random.ts";
import { backUp, meta, spec, takenAt } from "./sample.ts";
import { sweepOnce } from "./sweep-site.ts";

/*
 * A process that works on a repository, for tests that kill it or measure its memory. It gets one task over IPC.
 */

export type Task = { readonly path: string; readonly grant: DomainGrant } & (
  | { readonly kind: "points"; readonly seed: number }
  | { readonly kind: "sweep"; readonly expired: readonly string[]; readonly scratch: string }
  | { readonly kind: "stream"; readonly bytes: number }
);

export type Report =
  | { readonly kind: "call" } // before each call of the store
  | { readonly kind: "committed"; readonly id: string }
  | { readonly kind: "done"; readonly peakBytes: number };

const report = (value: Report): Promise<void> =>
  new Promise((resolve) => void process.send?.(value, undefined, undefined, () => resolve()));

/** The content of point number `n` of a seed; the parent makes the same to compare. */
export function contentOf(seed: number, n: number): Record<string, Buffer> {
  const random = seededRandom(seed * 1000 + n);
  return {
    same: seededRandom(seed).bytes(200_000),
    own: random.bytes(random.below(400_000)),
    text: random.text(50_000),
  };
}

async function writePoints(task: Task & { kind: "points" }): Promise<void> {
  const store = faultyStore(await openFileStore(task.path), () => {
    void report({ kind: "call" });
    return undefined;
  });
  const domain = await openDomain(store, task.grant);
  for (let n = 0; ; n++) {
    const { id } = await backUp(domain, contentOf(task.seed, n), { pointId: `s${task.seed}-${n}` });
    await report({ kind: "committed", id });
  }
}

/** Sweeps again and again, with a grace that is over at once. */
async function sweep({ path, grant, expired, scratch }: Task & { kind: "sweep" }): Promise<void> {
  const store = faultyStore(await openDeletableFileStore(path), () => {
    void report({ kind: "call" });
    return undefined;
  });
  for (;;) await sweepOnce(store, { grant, expired, scratch });
}

/** Stores a long stream, then reads it back. */
async function writeStream(task: Task & { kind: "stream" }): Promise<void> {
  const domain = await openDomain(await openFileStore(task.path), task.grant);
  const writer = await domain.beginPoint(spec());
  await writer.addFile("stream", meta, longStream(task.bytes));
  const { id } = await writer.commit({ takenAt });
  const reader = await domain.openPoint(id);
  const entry = await reader.entry("stream");
  let read = 0;
  if (entry !== undefined) for await (const bytes of reader.read(entry)) read += bytes.length;
  if (read !== task.bytes) throw new Error(`read ${read} bytes back`);
  await report({ kind: "done", peakBytes: process.resourceUsage().maxRSS * 1024 });
}

/** Fast to make, compresses about two to one, and no part repeats. */
async function* longStream(length: number): AsyncGenerator<Uint8Array> {
  const random = seededRandom(5);
  const block = Buffer.concat([random.bytes(131_072), random.text(131_072)]);
  for (let made = 0; made < length; made += block.length) {
    for (let at = 0; at < block.length; at += 512)
      block.writeUInt32LE((block.readUInt32LE(at) + made + 1) % 2 ** 32, at);
    yield Buffer.from(block.subarray(0, Math.min(block.length, length - made)));
  }
}

process.once("message", async (message) => {
  const task = message as Task; // from `startWorker`
  if (task.kind === "points") await writePoints(task);
  else if (task.kind === "sweep") await sweep(task);
  else await writeStream(task);
  process.disconnect();
});
