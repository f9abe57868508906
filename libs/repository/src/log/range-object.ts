import { randomBytes } from "node:crypto";
import { mapLimit } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { type BoxKey, boxKey, openBox, sealBox, sealBoxInPool } from "../encrypt/box.ts";
import { checkMagic, headerLength, sealedHeader } from "../encrypt/sealed-object.ts";
import { parseJsonObject } from "./json-object.ts";
import type { RangeFacts } from "./types.ts";

/** Plain bytes of one box of a range. */
const boxLength = 2 ** 20;
/** The fastest level: WAL becomes smaller with it than with higher ones it would by a few percent, for twice the time. */
const level = 1;
/** Boxes that are compressed at once: as many as libuv's pool has threads. */
const parallel = 4;

/**
 * Seals a range: box 0 holds its facts, the others its bytes. The first box of bytes is opened again and compared, so
 * that a fault of codec or memory is found before anything counts on it.
 */
export async function sealRange(
  domain: DomainContext,
  object: string,
  bytes: readonly Uint8Array[],
  facts: RangeFacts,
): Promise<Buffer[]> {
  const salt = randomBytes(16);
  const key = boxKey(domain, "log", object, salt);
  const sealed = [sealedHeader("log", salt), ...framed(sealBox(key, 0, Buffer.from(JSON.stringify(facts)), level))];
  const boxes = await mapLimit(numbered(inPieces(bytes, boxLength)), parallel, async ({ position, plain }) => {
    const box = await sealBoxInPool(key, position, plain, level);
    if (position === 1) await checkReadsBack(key, box, plain, object);
    return box;
  });
  return [...sealed, ...boxes.flatMap(framed)];
}

/** Boxes of bytes come behind that of the facts. */
function* numbered(pieces: Iterable<Uint8Array>): Generator<{ position: number; plain: Uint8Array }> {
  let position = 1;
  for (const plain of pieces) yield { position: position++, plain };
}

/** The facts of a range and its bytes, which must be `length`. Throws `repository-corrupt`. */
export async function openRange(
  domain: DomainContext,
  object: string,
  sealed: Uint8Array,
  length: number,
): Promise<{ readonly facts: RangeFacts; readonly pieces: readonly Buffer[] }> {
  const what = `log ${object} of domain ${domain.name}`;
  const { key, boxes } = split(domain, object, sealed, what);
  const [first, ...rest] = await Promise.all(boxes.map((box, position) => openBox(key, position, box)));
  if (first === undefined) throw malformed(what, "is empty");
  const found = rest.reduce((sum, piece) => sum + piece.length, 0);
  if (found !== length) throw malformed(what, `holds ${found} bytes, not ${length}`);
  return { facts: parseJsonObject(first, what), pieces: rest };
}

/** Only the facts, from the first bytes of the object. Throws `repository-corrupt`, also when they are longer. */
export async function openFacts(domain: DomainContext, object: string, start: Uint8Array): Promise<RangeFacts> {
  const what = `log ${object} of domain ${domain.name}`;
  const { key, boxes } = split(domain, object, start, what, 1);
  const [box] = boxes;
  if (box === undefined) throw malformed(what, "is cut off");
  return parseJsonObject(await openBox(key, 0, box), what);
}

function split(
  domain: DomainContext,
  object: string,
  sealed: Uint8Array,
  what: string,
  most = Number.POSITIVE_INFINITY,
) {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  checkMagic(bytes, "log", what);
  const boxes: Buffer[] = [];
  for (let at = headerLength; at < bytes.length && boxes.length < most; ) {
    if (at + 4 > bytes.length) throw malformed(what, "is cut off");
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) throw malformed(what, "is cut off");
    boxes.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return { key: boxKey(domain, "log", object, bytes.subarray(8, headerLength)), boxes };
}

function framed(box: Buffer): [Buffer, Buffer] {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(box.length);
  return [length, box];
}

async function checkReadsBack(key: BoxKey, box: Buffer, plain: Uint8Array, object: string): Promise<void> {
  if (!(await openBox(key, 1, box)).equals(plain))
    throw malformed(`log ${object}`, "does not read back as it was written");
}

/** The same bytes in pieces of exactly `length`, the last one shorter; copied only where a piece spans parts. */
export function* inPieces(parts: readonly Uint8Array[], length: number): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldLength = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + length - heldLength);
      at += taken.length;
      held.push(taken);
      heldLength += taken.length;
      if (heldLength < length) continue;
      yield joined(held);
      held = [];
      heldLength = 0;
    }
  }
  if (heldLength > 0) yield joined(held);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}
