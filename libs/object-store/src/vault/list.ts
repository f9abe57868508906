import type { IncomingMessage } from "node:http";
import { throwIfAborted } from "@muster/core";
import type { ObjectInfo } from "../port.ts";
import type { VaultConnection } from "./connection.ts";
import { wrongAnswer } from "./errors.ts";
import type { ListLine } from "./wire.ts";

/** What a list may take, about a million objects, for its deadline; and the most that is taken, in bytes. */
const usual = 2 ** 27;
const most = 2 ** 30;

/**
 * Every object under the prefix. The answer is taken whole, as bytes, before the first is handed out: a reader that takes
 * its time holds up no connection, and a list that was cut is asked for again.
 */
export async function* listObjects(
  vault: VaultConnection,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncIterable<ObjectInfo> {
  const what = `list ${prefix}`;
  const lines = await vault.call({ what, signal, bytes: usual }, { resource: "list", query: { prefix } }, (answer) =>
    readLines(answer, what),
  );
  for (const line of lines) {
    throwIfAborted(signal);
    const { key, size, modified } = JSON.parse(line) as ObjectInfo; // the vault made it; where it ends was checked
    if (!key.startsWith(prefix)) throw wrongAnswer(what, `it has ${JSON.stringify(key)}`);
    yield { key, size, modified };
  }
}

/** The lines of a list, one by one, when the last says that it is the end after as many as there are. */
async function readLines(answer: IncomingMessage, what: string): Promise<Iterable<string>> {
  const parts: Buffer[] = [];
  let length = 0;
  let count = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.byteLength;
    if (length > most) throw wrongAnswer(what, `it has more than ${most} bytes`);
    for (const byte of part) if (byte === newline) count += 1;
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  const end = body.lastIndexOf(newline, body.byteLength - 2) + 1;
  if (endOf(body.toString("utf8", end)) !== count - 1) throw wrongAnswer(what, "it was cut");
  return split(body.subarray(0, end));
}

const newline = 0x0a;

function endOf(line: string): number | undefined {
  try {
    const parsed = JSON.parse(line) as ListLine; // compared with a number by the caller
    return "end" in parsed ? parsed.end : undefined;
  } catch {
    return undefined;
  }
}

function* split(body: Buffer): Generator<string> {
  for (let start = 0; start < body.byteLength; ) {
    const end = body.indexOf(newline, start);
    yield body.toString("utf8", start, end);
    start = end + 1;
  }
}
