import { MusterError } from "@muster/core";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of a path that is bytes on disk. Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF, as in
 * PEP 383 ("surrogateescape"), so that every name survives and `pathToBytes` gives the same bytes back.
 */
export function pathFromBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return escaped(bytes);
  }
}

function escaped(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0)) : utf8.decode(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return text;
}

/** The length of the valid UTF-8 sequence at this place, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      utf8.decode(bytes.subarray(at, at + length));
      return length;
    } catch {
      // not whole yet, or not valid at any length
    }
  }
  return 0;
}

/** The bytes of a path, the inverse of `pathFromBytes`. */
export function pathToBytes(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path);
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.of(code - 0xdc00));
    else if (character.isWellFormed()) parts.push(Buffer.from(character));
    else throw new MusterError("usage", "a path has a surrogate that stands for no byte");
  }
  return Buffer.concat(parts);
}

/** Why a text is not the path of an entry, or undefined when it is one. */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\0")) return "has a zero byte";
  if (path.startsWith("/")) return "is absolute";
  for (const part of path.split("/")) {
    if (part === "..") return "climbs out with ..";
    if (part === "" || part === ".") return "has an empty component or a dot for one";
  }
  return undefined;
}

/** Throws `usage` unless the text is a relative path without `.`, `..` and empty components. */
export function checkPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) throw new MusterError("usage", `the path ${JSON.stringify(path)} ${problem}`);
}

/**
 * The order in which a tree is walked depth first with the names of each directory sorted by their bytes: bytes, with
 * `/` before everything else.
 */
export function comparePaths(a: string, b: string): number {
  const left = pathToBytes(a);
  const right = pathToBytes(b);
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const x = left[at] ?? 0;
    const y = right[at] ?? 0;
    if (x !== y) return (x === slash ? 0 : x) - (y === slash ? 0 : y);
  }
  return left.length - right.length;
}

const slash = 0x2f;
