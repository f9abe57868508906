/** Bytes of an id that are kept: enough that two of them never meet, and if they did, only too much would be kept. */
export const keyWidth = 16;

/** Distinct ids in order of arrival, each with its place in that order. */
export interface IdTable {
  readonly size: number;
  /** The place of the id at `at` in `bytes`, or -1. */
  find(bytes: Uint8Array, at: number): number;
  /** The same; adds the id when it is not there. */
  add(bytes: Uint8Array, at: number): number;
  /** A view of the id at a place. */
  at(place: number): Buffer;
}

/** About 28 bytes for each id; ids are as random as a hash can be, so the end of one is its hash (a partition shares the start). */
export function idTable(expected = 1024): IdTable {
  let capacity = Math.max(1024, expected);
  let ids = Buffer.allocUnsafeSlow(capacity * keyWidth);
  let slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 1.5))); // place + 1; 0 is free
  let size = 0;
  const slotOf = (bytes: Uint8Array, at: number): number => {
    const mask = slots.length - 1;
    let slot = hashAt(bytes, at) & mask;
    for (let place = slots[slot] ?? 0; place !== 0; place = slots[slot] ?? 0) {
      if (same(ids, (place - 1) * keyWidth, bytes, at)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  };
  const grow = (): void => {
    capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity * keyWidth);
    ids.copy(grown);
    ids = grown;
    slots = new Int32Array(slots.length * 2);
    for (let place = 0; place < size; place++) slots[slotOf(ids, place * keyWidth)] = place + 1;
  };
  return {
    get size() {
      return size;
    },
    find: (bytes, at) => (slots[slotOf(bytes, at)] ?? 0) - 1,
    add(bytes, at) {
      const known = slots[slotOf(bytes, at)] ?? 0;
      if (known !== 0) return known - 1;
      if (size === capacity) grow();
      for (let byte = 0; byte < keyWidth; byte++) ids[size * keyWidth + byte] = bytes[at + byte] ?? 0;
      slots[slotOf(bytes, at)] = size + 1;
      return size++;
    },
    at: (place) => ids.subarray(place * keyWidth, (place + 1) * keyWidth),
  };
}

function hashAt(bytes: Uint8Array, at: number): number {
  const end = at + keyWidth;
  return (
    (bytes[end - 1] ?? 0) | ((bytes[end - 2] ?? 0) << 8) | ((bytes[end - 3] ?? 0) << 16) | ((bytes[end - 4] ?? 0) << 24)
  );
}

function same(a: Uint8Array, from: number, b: Uint8Array, at: number): boolean {
  for (let byte = 0; byte < keyWidth; byte++) if (a[from + byte] !== b[at + byte]) return false;
  return true;
}
