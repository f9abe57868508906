/** What O_DIRECT asks of memory, offset and length: the logical block of a disk, which is 4 KiB at most in practice. */
export const directBlock = 4096;

/**
 * Memory that O_DIRECT takes: V8 gives growable buffers whole pages of their own. It is shared, so it can be lent to threads; reading
 * it byte by byte in JavaScript is slow.
 */
export function alignedBuffer(length: number): Buffer<SharedArrayBuffer> {
  return Buffer.from(new SharedArrayBuffer(length, { maxByteLength: length }));
}

/** Bytes of memory that any range of so many bytes can be read into. */
export function memoryFor(length: number): number {
  return (Math.ceil(length / directBlock) + 1) * directBlock;
}

/** How far behind a multiple of `directBlock` the memory begins, or undefined when it is not from `alignedBuffer`. */
export function misalignment({ buffer, byteOffset }: Uint8Array): number | undefined {
  return buffer instanceof SharedArrayBuffer && buffer.growable ? byteOffset % directBlock : undefined;
}

/** A buffer of so many bytes for what is read: in the caller's memory, if there is some. */
export function roomFor(length: number, memory: Uint8Array | undefined): Buffer {
  if (memory === undefined || memory.byteLength < length) return Buffer.allocUnsafeSlow(length);
  return Buffer.from(memory.buffer, memory.byteOffset, length);
}
