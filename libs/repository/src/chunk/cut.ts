/// <reference path="./webassembly.d.ts" />
import { MusterError } from "@muster/core";
import type { Chunking } from "../write/types.ts";
import { gearScan } from "./gear-scan.generated.ts";

/** Bytes. Also what a reader must be ready for: no chunk is longer than `longest`. */
export const chunkSizes = { shortest: 64 * 1024, average: 256 * 1024, longest: 1024 * 1024 } as const;

/** The length of a window: more than the longest chunk, so that what is left in it seldom has to be moved. */
const windowLength = 2 * chunkSizes.longest;

/** A buffer that content is read into, and what finds chunks in it. */
export interface CutWindow {
  readonly buffer: Buffer;
  /** The length of the first chunk of the bytes from `start` to `end`: all of them when they are fewer than a chunk. */
  cut(start: number, end: number): number;
}

/** Makes windows for a kind of chunking; `gear` is the table for content, and may be secret. Throws `usage` for a bad size. */
export function windowsFor(chunking: Chunking, gear: Uint32Array): () => CutWindow {
  if (chunking.mode === "content") return () => contentWindow(gear);
  const { size } = chunking;
  if (!Number.isInteger(size) || size < 1024 || size > chunkSizes.longest) {
    throw new MusterError("usage", `${size} is not a block size`, { hint: "Use 1 KiB to 1 MiB." });
  }
  const cut = (start: number, end: number): number => Math.min(end - start, size);
  return () => ({ buffer: Buffer.allocUnsafeSlow(windowLength), cut });
}

// Normalised chunking (Xia et al., "FastCDC", USENIX ATC 2016): harder to cut before the average, easier after it.
// The hash is shifted left, so its upper bits depend on the most bytes.
const harder = 0xfffff000;
const easier = 0xffff0000;

const pageLength = 64 * 1024;
/** Where the window begins in the module's memory; the table is before it. */
const windowStart = pageLength;

/** See gear-scan.wat. */
type Scan = (at: number, end: number, mask: number, resume: number) => number;

const scanModule = new WebAssembly.Module(Buffer.from(gearScan, "base64"));

/** Cuts by content: FastCDC over the gear table, in the memory of a WebAssembly module. */
function contentWindow(gear: Uint32Array): CutWindow {
  const { exports } = new WebAssembly.Instance(scanModule);
  const { memory, scan } = exports as { memory: WebAssembly.Memory; scan: Scan }; // what gear-scan.wat exports
  memory.grow(Math.ceil(windowLength / pageLength));
  new Uint32Array(memory.buffer, 0, gear.length).set(gear);
  return {
    buffer: Buffer.from(memory.buffer, windowStart, windowLength),
    cut(start, end) {
      const length = Math.min(end - start, chunkSizes.longest);
      if (length <= chunkSizes.shortest) return length;
      const from = windowStart + start;
      const middle = from + Math.min(length, chunkSizes.average);
      const early = scan(from + chunkSizes.shortest, middle, harder, 0);
      if (early !== 0) return early - from;
      const late = scan(middle, from + length, easier, 1);
      return late === 0 ? length : late - from;
    },
  };
}
