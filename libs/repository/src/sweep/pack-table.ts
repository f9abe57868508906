import { idTable, keyWidth } from "./disk/id-table.ts";

/** How far a pack can be counted on. */
export type PackStanding =
  /** Nothing speaks against it. */
  | "whole"
  /** A mark names it, which has no verdict yet. */
  | "marked"
  /** A verdict gave it up: it may be gone at any time. */
  | "condemned";

const standings: readonly PackStanding[] = ["whole", "marked", "condemned"];

/** The packs of a domain, by number: about 70 bytes for each. */
export interface PackTable {
  readonly count: number;
  /** The pack's number; -1 for one that is not there. */
  find(packId: Uint8Array): number;
  /** Notes a pack with its size in bytes and the store's time of its write. */
  add(packId: Uint8Array, size: number, modified: number): number;
  id(pack: number): Buffer;
  size(pack: number): number;
  modified(pack: number): number;
  standing(pack: number): PackStanding;
  setStanding(pack: number, standing: PackStanding): void;
  /** Whether it is known what is in it. */
  isRead(pack: number): boolean;
  setRead(pack: number): void;
  /** Plain bytes of its chunks, and of those that somebody needs it for. */
  plain(pack: number): number;
  addPlain(pack: number, bytes: number): void;
  needed(pack: number): number;
  addNeeded(pack: number, bytes: number): void;
}

export function packTable(): PackTable {
  const ids = idTable();
  let numbers = new Float64Array(4 * 1024); // per pack: size, modified, plain, needed
  let flags = new Uint8Array(1024); // standing, and 4 when read
  const grow = (): void => {
    const more = new Float64Array(numbers.length * 2);
    more.set(numbers);
    numbers = more;
    const moreFlags = new Uint8Array(flags.length * 2);
    moreFlags.set(flags);
    flags = moreFlags;
  };
  const field = (pack: number, which: number): number => numbers[pack * 4 + which] ?? 0;
  const addTo = (pack: number, which: number, value: number): void => {
    numbers[pack * 4 + which] = field(pack, which) + value;
  };
  return {
    get count() {
      return ids.size;
    },
    find: (packId) => ids.find(packId, 0),
    add(packId, size, modified) {
      const before = ids.size;
      const pack = ids.add(packId, 0);
      if (pack < before) return pack;
      if (pack >= flags.length) grow();
      addTo(pack, 0, size);
      addTo(pack, 1, modified);
      return pack;
    },
    id: (pack) => Buffer.from(ids.at(pack).subarray(0, keyWidth)),
    size: (pack) => field(pack, 0),
    modified: (pack) => field(pack, 1),
    standing: (pack) => standings[(flags[pack] ?? 0) & 3] ?? "whole",
    setStanding(pack, standing) {
      flags[pack] = ((flags[pack] ?? 0) & 4) | standings.indexOf(standing);
    },
    isRead: (pack) => ((flags[pack] ?? 0) & 4) !== 0,
    setRead(pack) {
      flags[pack] = (flags[pack] ?? 0) | 4;
    },
    plain: (pack) => field(pack, 2),
    addPlain: (pack, bytes) => addTo(pack, 2, bytes),
    needed: (pack) => field(pack, 3),
    addNeeded: (pack, bytes) => addTo(pack, 3, bytes),
  };
}
