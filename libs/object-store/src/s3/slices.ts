/**
 * The bytes from `start` to `end` of parts that are thought of as one. A view where they lie within one part, a copy of
 * only these bytes otherwise.
 */
export function sliceOf(parts: readonly Uint8Array[], start: number, end: number): Uint8Array {
  const views: Uint8Array[] = [];
  let position = 0;
  for (const part of parts) {
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, part.byteLength);
    if (from < to) views.push(part.subarray(from, to));
    position += part.byteLength;
  }
  const [only] = views;
  return views.length === 1 && only !== undefined ? only : Buffer.concat(views);
}
