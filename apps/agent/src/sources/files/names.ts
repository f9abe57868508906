import { isUtf8 } from "node:buffer";

/**
 * File names are bytes, entry paths are text. A name that is not UTF-8 is written as this prefix and its bytes in hex; so
 * is a name that begins like this by itself, which keeps the mapping one to one.
 */
const bytesPrefix = ".muster-bytes-";

/** The text of one file name in an entry path. */
export function encodeName(name: Buffer): string {
  const text = name.toString("utf8");
  return isUtf8(name) && !text.startsWith(bytesPrefix) ? text : bytesPrefix + name.toString("hex");
}

/** The bytes of an entry's relative path (segments parted by "/"). */
export function decodePath(path: string): Buffer {
  return Buffer.from(path.split("/").map(decodeName).join("/"), "latin1");
}

function decodeName(name: string): string {
  const bytes = name.startsWith(bytesPrefix)
    ? Buffer.from(name.slice(bytesPrefix.length), "hex")
    : Buffer.from(name, "utf8");
  return bytes.toString("latin1");
}

/** Joins a directory and a relative path, both as bytes; an empty relative path is the directory itself. */
export function joinBytes(directory: Buffer, relative: Buffer): Buffer {
  return relative.length === 0 ? directory : Buffer.concat([directory, Buffer.from("/"), relative]);
}

/** Entries of root number `index` lie under this path. */
export function rootEntry(index: number): string {
  return `roots/${index}`;
}

/** One JSON array of paths per line: names of one and the same file. */
export const hardLinksEntry = "hard-links.jsonl";
