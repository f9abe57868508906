import { idLength } from "../chunk/chunk-id.ts";
import { type ByteReader, byteReader, malformed } from "../encoding/byte-reader.ts";
import { type ByteWriter, byteWriter } from "../encoding/byte-writer.ts";
import { pathFromBytes, pathProblem, pathToBytes } from "../encoding/path.ts";
import type { ChunkRef, Content, Entry, EntryType } from "../types.ts";
import { lengthOf } from "./chunk-list.ts";

const types: readonly EntryType[] = ["file", "directory", "symlink", "hardlink"];
const flags = { names: 1, target: 2, content: 4, stamp: 8 } as const;

/** An entry as it is stored: what a leaf has between two lengths. */
export interface EncodedEntry {
  readonly path: string;
  readonly block: Uint8Array;
}

const body = byteWriter(1024); // for one entry at a time

/** Appends one entry as a block: a varint length, then its fields. A reader skips what a later version adds behind them. */
export function appendEntry(to: ByteWriter, entry: Entry | EncodedEntry): void {
  if ("block" in entry) to.block(entry.block);
  else encodeInto(to, entry);
}

function encodeInto(to: ByteWriter, entry: Entry): void {
  body.reset();
  const { owner, group, target, content, stamp } = entry;
  const named = owner !== undefined || group !== undefined;
  body.u8(types.indexOf(entry.type) + 1);
  body.u8(
    (named ? flags.names : 0) |
      (target === undefined ? 0 : flags.target) |
      (content.chunks.length === 0 ? 0 : flags.content) |
      (stamp === undefined ? 0 : flags.stamp),
  );
  body.block(pathToBytes(entry.path));
  body.varint(entry.mode);
  body.varint(entry.uid);
  body.varint(entry.gid);
  body.i64(entry.mtimeNs);
  if (named) {
    body.block(Buffer.from(owner ?? ""));
    body.block(Buffer.from(group ?? ""));
  }
  if (target !== undefined) body.block(pathToBytes(target));
  if (content.chunks.length > 0) appendContent(body, content);
  if (stamp !== undefined) {
    body.i64(stamp.ctimeNs);
    body.u64(stamp.inode);
  }
  to.block(body.view());
}

function appendContent(to: ByteWriter, { depth, chunks }: Content): void {
  to.u8(depth);
  to.varint(chunks.length);
  for (const { id, length } of chunks) {
    to.bytes(id);
    to.varint(length);
  }
}

/** The entries of one leaf. Throws `repository-corrupt`, also for a path that could lead out of a target directory. */
export function* decodeEntries(leaf: Uint8Array): Generator<Entry> {
  for (const block of entryBlocks(leaf)) yield decodeEntry(block);
}

/** The entries of one leaf, not decoded. */
export function* entryBlocks(leaf: Uint8Array): Generator<Buffer> {
  const reader = byteReader(leaf, "a list of entries");
  while (reader.left > 0) yield reader.block();
}

/** Only the path of an entry; it is not checked. */
export function decodePath(block: Uint8Array): string {
  const body = byteReader(block, "an entry");
  body.u8(); // type
  body.u8(); // flags
  return pathFromBytes(body.block());
}

export function decodeEntry(block: Uint8Array): Entry {
  const body = byteReader(block, "an entry");
  const type = types[body.u8() - 1];
  if (type === undefined) throw malformed("an entry", "has an unknown type");
  const has = body.u8();
  const path = pathFromBytes(body.block());
  const problem = pathProblem(path);
  if (problem !== undefined) throw malformed(`an entry with the path ${JSON.stringify(path)}`, problem);
  const [mode, uid, gid, mtimeNs] = [body.varint(), body.varint(), body.varint(), body.i64()];
  const names = has & flags.names ? { owner: text(body), group: text(body) } : {};
  const target = has & flags.target ? pathFromBytes(body.block()) : undefined;
  const content = has & flags.content ? decodeContent(body) : noContent;
  const stamp = has & flags.stamp ? { stamp: { ctimeNs: body.i64(), inode: body.bigU64() } } : {};
  const size = lengthOf(content.chunks);
  const fields = { path, mode, uid, gid, mtimeNs, ...names, size, content, ...stamp };
  if (type === "file" || type === "directory") return { type, ...fields };
  if (target === undefined) throw malformed(`the link ${JSON.stringify(path)}`, "has no target");
  return { type, target, ...fields };
}

/** Lists of lists that a reader follows: enough for more than there is. */
export const deepest = 8;

export const noContent: Content = { depth: 0, chunks: [] };

function decodeContent(body: ByteReader): Content {
  const depth = body.u8();
  if (depth > deepest) throw malformed("an entry", `has lists ${depth} deep`);
  const chunks: ChunkRef[] = [];
  for (let count = body.varint(); count > 0; count--) chunks.push({ id: body.bytes(idLength), length: body.varint() });
  return { depth, chunks };
}

function text(body: ByteReader): string | undefined {
  const value = body.block().toString("utf8");
  return value === "" ? undefined : value;
}
