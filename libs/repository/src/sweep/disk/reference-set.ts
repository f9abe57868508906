import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { deepest } from "../../tree/entry-codec.ts";
import type { Content } from "../../types.ts";
import { type IdTable, idTable, keyWidth } from "./id-table.ts";
import { type Partitions, partitionCount, partitions } from "./partitions.ts";

/**
 * What a chunk is to those who refer to it: 0 data, 1 to 8 a list of so many levels above data, 32 a leaf of a tree (entries),
 * 33 to 40 a list of so many levels above leaves. What is of a role refers to lower ones only.
 */
export type Role = number;
export const leafRole = 32;
export const highestRole = leafRole + deepest;

/** The role of what content of this depth refers to: of a tree, or of an entry. */
export function roleOf(depth: number, of: "tree" | "entry"): Role {
  return of === "tree" ? leafRole + depth : depth;
}

/** Chunks that somebody refers to, by role; on disk. */
export interface ReferenceSet {
  add(role: Role, id: Uint8Array): void;
  addContent(content: Content, of: "tree" | "entry"): void;
  /** The roles that there are, highest first. */
  roles(): Role[];
  /** The distinct ids of one role, or of all, in one partition. */
  ids(partition: number, role?: Role): IdTable;
  close(): void;
}

/** A role's file is rewritten without repeats when it has doubled, but not below this many records. */
const leastToCompact = 2 ** 20;

export function referenceSet(folder: string): ReferenceSet {
  const files = new Map<Role, { records: Partitions; name: string; limit: number }>();
  let made = 0;
  const open = (): { records: Partitions; name: string } => {
    const name = `references-${made++}`;
    return { name, records: partitions(folder, name, keyWidth, 8192) };
  };
  /** Points share most of what they refer to: without this the file would grow by every point. */
  const compact = (role: Role, { records, name }: { records: Partitions; name: string }): void => {
    const fresh = open();
    for (let partition = 0; partition < partitionCount; partition++) {
      const ids = distinct([records.read(partition)]);
      for (let place = 0; place < ids.size; place++) fresh.records.add(ids.at(place));
    }
    records.close();
    unlinkSync(join(folder, name));
    files.set(role, { ...fresh, limit: Math.max(leastToCompact, fresh.records.size * 2) });
  };
  const add = (role: Role, id: Uint8Array): void => {
    const file = files.get(role) ?? { ...open(), limit: leastToCompact };
    files.set(role, file);
    file.records.add(id.subarray(0, keyWidth));
    if (file.records.size > file.limit) compact(role, file);
  };
  return {
    add,
    addContent({ depth, chunks }, of) {
      for (const { id } of chunks) add(roleOf(depth, of), id);
    },
    roles: () => [...files.keys()].sort((a, b) => b - a),
    ids(partition, role) {
      const wanted = role === undefined ? [...files.values()] : [files.get(role)];
      return distinct(wanted.flatMap((file) => (file === undefined ? [] : [file.records.read(partition)])));
    },
    close() {
      for (const { records } of files.values()) records.close();
    },
  };
}

function distinct(buffers: readonly Buffer[]): IdTable {
  const most = buffers.reduce((sum, { length }) => sum + length / keyWidth, 0);
  const ids = idTable(Math.min(most, 2 ** 16));
  for (const bytes of buffers) for (let at = 0; at < bytes.length; at += keyWidth) ids.add(bytes, at);
  return ids;
}
