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
  /** Wait for what it returns, if anything, before the next. */
  addFile(segment: number, file: WholeFile, bytes: number): Promise<void> | undefined;
  /** The same. */
  addPiece(segment: number, piece: FilePiece): Promise<void> | undefined;
  flush(): Promise<void>;
}

/** `dispatch` takes a full group over, and resolves when there is room for another one. */
export function segmentGroups(dispatch: (group: SegmentGroup) => Promise<void>): SegmentGroups {
  const open = new Map<number, SegmentGroup>(); // the one used last comes last
  const close = (group: SegmentGroup): Promise<void> => {
    open.delete(group.segment);
    return dispatch(group);
  };
  const touch = (segment: number): SegmentGroup => {
    const group = open.get(segment) ?? { segment, files: [], pieces: [], bytes: 0 };
    open.delete(segment);
    open.set(segment, group);
    return group;
  };
  const settle = (group: SegmentGroup): Promise<void> | undefined => {
    if (group.bytes >= mostBytes || group.files.length + group.pieces.length >= mostItems) return close(group);
    if (open.size <= mostOpen) return undefined;
    const [oldest] = open.values();
    return oldest === undefined ? undefined : close(oldest);
  };
  return {
    addFile(segment, file, bytes) {
      const group = touch(segment);
      group.files.push(file);
      group.bytes += bytes;
      return settle(group);
    },
    addPiece(segment, piece) {
      const group = touch(segment);
      group.pieces.push(piece);
      group.bytes += piece.chunk.length;
      return settle(group);
    },
    async flush() {
      for (const group of [...open.values()]) await close(group);
    },
  };
}
