import type { FilePiece, WholeFile } from "./thread-messages.ts";

/** Groups that are kept open: data that was deduplicated lies in turns in a few segments. */
const mostOpen = 16;
/** Files and pieces of one group, each of which may hold a descriptor. */
const mostItems = 256;
/** Bytes that one group writes. */
const mostBytes = 4 * 2 ** 20;

/** What is to be written from one segment. */
export interface SegmentGroup {
  readonly segment: number;
  readonly files: WholeFile[];
  readonly pieces: FilePiece[];
  bytes: number;
}

/** Puts together what comes from one segment, so that each is read and opened as seldom as can be. */
export interface SegmentGroups {
  addFile(segment: number, file: WholeFile, bytes: number): Promise<void>;
  addPiece(segment: number, piece: FilePiece): Promise<void>;
  flush(): Promise<void>;
}

/** `dispatch` takes a full group over, and resolves when there is room for another one. */
export function segmentGroups(dispatch: (group: SegmentGroup) => Promise<void>): SegmentGroups {
  const open = new Map<number, SegmentGroup>(); // the one used last comes last
  const close = async (group: SegmentGroup): Promise<void> => {
    open.delete(group.segment);
    await dispatch(group);
  };
  const touch = (segment: number): SegmentGroup => {
    const group = open.get(segment) ?? { segment, files: [], pieces: [], bytes: 0 };
    open.delete(segment);
    open.set(segment, group);
    return group;
  };
  const settle = async (group: SegmentGroup): Promise<void> => {
    if (group.bytes >= mostBytes || group.files.length + group.pieces.length >= mostItems) await close(group);
    const [oldest] = open.values();
    if (open.size > mostOpen && oldest !== undefined) await close(oldest);
  };
  return {
    async addFile(segment, file, bytes) {
      const group = touch(segment);
      group.files.push(file);
      group.bytes += bytes;
      await settle(group);
    },
    async addPiece(segment, piece) {
      const group = touch(segment);
      group.pieces.push(piece);
      group.bytes += piece.chunk.length;
      await settle(group);
    },
    async flush() {
      for (const group of [...open.values()]) await close(group);
    },
  };
}
