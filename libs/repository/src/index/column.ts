const pageBits = 14;
const pageSize = 1 << pageBits;
const pageMask = pageSize - 1;

/** A growing list of 32-bit numbers in pages of 64 KiB, so that growing neither copies nor doubles. */
export interface Column {
  readonly length: number;
  push(value: number): void;
  at(index: number): number;
}

export function column(): Column {
  const pages: Uint32Array[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if ((length & pageMask) === 0) pages.push(new Uint32Array(pageSize));
      const page = pages[length >>> pageBits];
      if (page !== undefined) page[length & pageMask] = value;
      length += 1;
    },
    at: (index) => pages[index >>> pageBits]?.[index & pageMask] ?? 0,
  };
}
