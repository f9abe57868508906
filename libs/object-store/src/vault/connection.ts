import type { IncomingMessage } from "node:http";
import { request as startRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Backoff, type Clock, MusterError, retry, throwIfAborted } from "@muster/core";
import { sliceOf } from "../s3/slices.ts";
import { networkError, refusal } from "./errors.ts";
import { type Credentials, credentials, type VaultIdentity } from "./identity.ts";
import type { VaultLocation } from "./location.ts";
import { encodeKey, unaskedBody, type VaultResource } from "./wire.ts";

export interface VaultOptions {
  readonly clock: Clock;
  /** Tries of one request, in all. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** A connection on which nothing moves for so many milliseconds is given up. */
  readonly idle: number;
}

export interface VaultRequest {
  readonly method?: "GET" | "PUT";
  readonly resource: VaultResource;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly parts: readonly Uint8Array[]; readonly total: number };
}

export interface CallFacts {
  /** What is done on which object, for errors. */
  readonly what: string;
  readonly signal: AbortSignal | undefined;
  /** Bytes that the request moves, for its deadline. */
  readonly bytes?: number;
}

/** One repository of one vault. */
export interface VaultConnection {
  readonly location: VaultLocation;
  /**
   * Sends a request and gives its answer to `read`, again with backoff and jitter while that may help. A try has a minute
   * and the time that its bytes take at 64 KiB/s.
   */
  call<T>(
    facts: CallFacts,
    request: VaultRequest,
    read: (answer: IncomingMessage, signal: AbortSignal) => Promise<T>,
    /** Told of a failed try; what it gives is the result of the call. */
    failed?: (error: MusterError, attempt: number) => Promise<T>,
  ): Promise<T>;
  close(): void;
}

const slowest = 65_536 / 1000; // bytes in a millisecond
const mostRefusal = 65_536;

export function connectVault(
  location: VaultLocation,
  identity: () => VaultIdentity,
  { clock, attempts, backoff, idle }: VaultOptions,
): VaultConnection {
  const own = credentials(identity);
  return {
    location,
    close: () => own.close(),
    call: ({ what, signal, bytes = 0 }, request, read, failed) =>
      retry(
        async (attempt) => {
          throwIfAborted(signal);
          const limit = AbortSignal.timeout(60_000 + Math.ceil(bytes / slowest));
          const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
          const facts = { location, expiresAt: own.expiresAt(), now: clock.now() };
          try {
            const answer = await send(location, own, request, { signal: both, idle });
            await refuseErrors(answer, what);
            return await read(answer, both);
          } catch (thrown) {
            throwIfAborted(signal);
            const error = networkError(thrown, what, facts);
            if (failed === undefined) throw again(error, own);
            return await failed(again(error, own), attempt);
          }
        },
        { attempts, backoff, signal },
      ),
  };
}

/** A certificate that was renewed since makes it worth another try; a full disk waits for somebody who makes room. */
function again(error: MusterError, own: Credentials): MusterError {
  if (error.code === "disk-full") return withRetryable(error, false);
  if (error.retryable || (error.code !== "certificate-revoked" && error.code !== "unauthenticated")) return error;
  return own.renewed() ? withRetryable(error, true) : error;
}

function withRetryable(error: MusterError, retryable: boolean): MusterError {
  const { code, message, hint, details } = error;
  return new MusterError(code, message, { cause: error, hint, details, retryable });
}

function send(
  location: VaultLocation,
  own: Credentials,
  { method = "GET", resource, key, query = {}, headers = {}, body }: VaultRequest,
  { signal, idle }: { readonly signal: AbortSignal; readonly idle: number },
): Promise<IncomingMessage> {
  const { host, port, repository } = location;
  const parameters = new URLSearchParams(query);
  const path = ["", "v1", repository, resource, ...(key === undefined ? [] : [encodeKey(key)])].join("/");
  const asks = body !== undefined && body.total > unaskedBody;
  const length = body === undefined ? {} : { "content-length": String(body.total) };
  const expect = asks ? { expect: "100-continue" } : {};
  return new Promise((resolve, reject) => {
    const request = startRequest({
      ...{ host, port, method, signal, agent: own.agent(), timeout: idle },
      path: parameters.size === 0 ? path : `${path}?${parameters}`,
      headers: { ...headers, ...length, ...expect },
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error(`nothing came for ${idle} ms`)));
    request.on("response", (answer) => {
      // Whoever was refused before its body went out cannot use the connection for anything else.
      answer.once("close", () => {
        if (!request.writableEnded) request.destroy();
      });
      resolve(answer);
    });
    // Errors reach the listener above as well.
    const write = (): void => void pipeline(Readable.from(pieces(body)), request).catch(() => undefined);
    if (!asks) write();
    else request.once("continue", write).flushHeaders();
  });
}

/** Pieces small enough that encrypting one does not hold up the rest of the process. */
function* pieces(body: VaultRequest["body"]): Generator<Uint8Array> {
  const size = 2 ** 18;
  for (let start = 0; body !== undefined && start < body.total; start += size) {
    yield sliceOf(body.parts, start, Math.min(start + size, body.total));
  }
}

async function refuseErrors(answer: IncomingMessage, what: string): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.byteLength;
    if (length > mostRefusal) break;
    parts.push(part);
  }
  throw refusal(status, Buffer.concat(parts).toString("utf8"), what);
}
