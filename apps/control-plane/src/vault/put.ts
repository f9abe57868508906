import type { IncomingMessage, ServerResponse } from "node:http";
import { crc32 } from "node:zlib";
import { MusterError } from "@muster/core";
import { vaultWire } from "@muster/object-store";
import { answerJson } from "./answer.ts";
import type { Permissions } from "./permission.ts";
import type { OpenVault } from "./repositories.ts";

/** What a put says of its body before it comes. */
export interface Announced {
  readonly size: number;
  readonly checksum: string;
  /** The client waits until it is told that its body is wanted. */
  readonly waits: boolean;
}

/** Throws `request-invalid` for a body without a length or checksum, or one that is too large. */
export function announced({ headers }: IncomingMessage, waits: boolean): Announced {
  const checksum = headers[vaultWire.header.checksum];
  const length = headers["content-length"] ?? "";
  if (!/^\d{1,12}$/.test(length)) throw invalid("content-length must say how many bytes come");
  if (typeof checksum !== "string" || !/^[0-9a-f]{8}$/.test(checksum)) {
    throw invalid(`${vaultWire.header.checksum} must be the CRC-32 of the body in eight hexadecimal digits`);
  }
  const size = Number(length);
  if (size > vaultWire.largestObject) throw invalid(`an object has at most ${vaultWire.largestObject} bytes`);
  return { size, checksum, waits };
}

/**
 * Creates an object from the body and answers when it is durable. A body that is cut, too slow or does not have its checksum
 * leaves nothing. Throws `object-exists`, `disk-full`.
 */
export async function answerPut(
  vault: OpenVault,
  { key, permissions, body }: { readonly key: string; readonly permissions: Permissions; readonly body: Announced },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Only spares the transfer: what decides is the making of the name.
  if ((await vault.store.head(key)) !== undefined) throw new MusterError("object-exists", `${key} exists already`);
  const settle = await vault.usage.reserve(permissions, key, body.size);
  let written = false;
  const deadline = setTimeout(() => request.destroy(), 60_000 + body.size / slowest);
  try {
    if (body.waits) response.writeContinue();
    await vault.store.putStream(key, checked(request, key, body), body.size);
    written = true;
  } finally {
    clearTimeout(deadline);
    settle(written);
  }
  answerJson(response, 201, {});
}

const slowest = 65_536 / 1000; // bytes in a millisecond

/** The body; it throws at its end unless all of it came, as it was sent. */
async function* checked(request: IncomingMessage, key: string, { size, checksum }: Announced): AsyncIterable<Buffer> {
  let value = 0;
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    value = crc32(piece, value);
    length += piece.byteLength;
    yield piece;
  }
  if (length === size && vaultWire.checksumText(value) === checksum) return;
  throw new MusterError("store-unavailable", `${key} was damaged on its way to the vault`, {
    hint: "Try again; if it stays, check the network and the memory of both machines.",
  });
}

function invalid(why: string): MusterError {
  return new MusterError("request-invalid", `the put to the vault is refused: ${why}`);
}
