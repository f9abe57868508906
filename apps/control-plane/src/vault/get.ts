import type { ServerResponse } from "node:http";
import { finished, pipeline } from "node:stream/promises";
import { MusterError } from "@muster/core";
import { type ByteRange, type ObjectStore, vaultWire } from "@muster/object-store";
import { answerJson } from "./answer.ts";

/** A reader that takes a slice more slowly than 64 KiB/s is cut off, in milliseconds. */
const slowestSlice = 60_000 + vaultWire.sliceSize / (65_536 / 1000);

/** Answers with a range, or with the beginning of the object and its size. Ends when the bytes are on their way. */
export async function answerGet(
  store: ObjectStore,
  key: string,
  asked: ByteRange | undefined,
  response: ServerResponse,
): Promise<void> {
  const size = asked === undefined ? await sizeOf(store, key) : undefined;
  const range = asked ?? { offset: 0, length: Math.min(size ?? 0, vaultWire.sliceSize) };
  const bytes = await store.get(key, { range });
  const deadline = setTimeout(() => response.destroy(), slowestSlice);
  try {
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": bytes.byteLength,
      [vaultWire.header.checksum]: vaultWire.checksumOf([bytes]),
      ...(size === undefined ? {} : { [vaultWire.header.size]: size }),
    });
    response.end(bytes);
    await finished(response); // until then the bytes are in memory
  } finally {
    clearTimeout(deadline);
  }
}

export async function answerInfo(store: ObjectStore, key: string, response: ServerResponse): Promise<void> {
  const info = await store.head(key);
  if (info === undefined) throw missing(key);
  answerJson(response, 200, info);
}

/** Answers with a line for each object and one for the end; a list that fails midway is cut before that one. */
export async function answerList(store: ObjectStore, prefix: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  await pipeline(listLines(store, prefix), response);
}

/** Lines in blocks of some size: a chunk of the answer for every object would cost more than the object. */
async function* listLines(store: ObjectStore, prefix: string): AsyncGenerator<string> {
  let block = "";
  let count = 0;
  for await (const { key, size, modified } of store.list(prefix)) {
    block += line({ key, size, modified });
    count += 1;
    if (block.length < 65_536) continue;
    yield block;
    block = "";
  }
  yield block + line({ end: count });
}

function line(value: vaultWire.ListLine): string {
  return `${JSON.stringify(value)}\n`;
}

async function sizeOf(store: ObjectStore, key: string): Promise<number> {
  const info = await store.head(key);
  if (info === undefined) throw missing(key);
  return info.size;
}

function missing(key: string): MusterError {
  return new MusterError("object-missing", `${key} is missing`);
}
