/// <reference path="../chunk/webassembly.d.ts" />
import { pageCheck } from "./page-check.generated.ts";

/** Bytes of a page of PostgreSQL as nearly everybody builds it; others cannot be checked. */
export const pageSize = 8192;

/** A buffer that pages are read into, in the memory of what checks them. */
export interface PageWindow {
  readonly buffer: Buffer;
  /**
   * The first bad page of so many bytes at the buffer's start, from byte `from` on; -1 when there is none. `number` is that of the
   * page at `from` within its relation. Pages whose place in the WAL is `since` or later are not checked.
   */
  firstBad(from: number, length: number, number: number, since: bigint): number;
}

const memoryPage = 64 * 1024;
/** Where the window begins in the module's memory. */
const windowStart = memoryPage;

/** See page-check.wat. */
type FirstBad = (at: number, end: number, number: number, since: bigint) => number;

const checkModule = new WebAssembly.Module(Buffer.from(pageCheck, "base64"));

/**
 * A window of so many bytes, a multiple of 64 KiB. The rules are PostgreSQL's (PageIsVerified in bufpage.c, and its base backup): the
 * checksum is right, or the page was never used and is zero throughout.
 */
export function pageWindow(length: number): PageWindow {
  const { exports } = new WebAssembly.Instance(checkModule);
  const { memory, firstBad } = exports as { memory: WebAssembly.Memory; firstBad: FirstBad }; // what page-check.wat exports
  memory.grow(length / memoryPage);
  return {
    buffer: Buffer.from(memory.buffer, windowStart, length),
    firstBad(from, length, number, since) {
      const end = windowStart + length - (length % pageSize);
      const found = firstBad(windowStart + from, end, number, since);
      return found === 0 ? -1 : found - windowStart;
    },
  };
}
