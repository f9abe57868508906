import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { fromIni } from "@aws-sdk/credential-provider-ini";
import { type Backoff, type Clock, MusterError, retry, throwIfAborted } from "@muster/core";
import { s3Error } from "./errors.ts";
import type { S3Location } from "./location.ts";

export interface S3Options {
  readonly clock: Clock;
  /** Tries of one request, in all. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** A connection on which nothing moves for so many milliseconds is given up. */
  readonly idle: number;
}

export interface CallFacts {
  /** What is done on which object, for errors. */
  readonly what: string;
  readonly signal: AbortSignal | undefined;
  /** Bytes that the request moves, for its deadline. */
  readonly bytes?: number;
  /** Tries in all, where they are fewer than the connection's. */
  readonly attempts?: number;
}

/** One bucket of one server. */
export interface Connection extends S3Location {
  readonly client: S3Client;
  readonly clock: Clock;
  /** For people: which server. */
  readonly place: string;
  /**
   * Does one request, again with backoff and jitter while that may help. The client itself does not retry, and a store
   * of this kind needs no `withRetry` around it: only what failed is repeated, never a whole large object. Each try has a
   * deadline: a minute and the time that its bytes take at 64 KiB/s.
   */
  call<T>(facts: CallFacts, work: (signal: AbortSignal, attempt: number) => Promise<T>): Promise<T>;
}

/** Requests that carry the bytes of objects. */
const bodies: readonly string[] = ["PutObjectCommand", "UploadPartCommand"];

const connectTimeout = 10_000;
const slowest = 65_536 / 1000; // bytes in a millisecond

export async function connect(location: S3Location, options: S3Options): Promise<Connection> {
  const client = new S3Client(await clientConfig(location, options));
  setHeaders(client, isTrustedPath(location.endpoint));
  const place = location.endpoint ?? "AWS";
  return {
    ...location,
    client,
    place,
    clock: options.clock,
    call: ({ what, signal, bytes = 0, attempts = options.attempts }, work) =>
      retry(
        async (attempt) => {
          throwIfAborted(signal);
          const limit = AbortSignal.timeout(60_000 + Math.ceil(bytes / slowest));
          const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
          try {
            return await work(both, attempt);
          } catch (thrown) {
            throwIfAborted(signal);
            throw s3Error(thrown, { what, bucket: location.bucket, endpoint: place });
          }
        },
        { attempts, backoff: options.backoff, signal },
      ),
  };
}

/**
 * Has the server send its checksum with an object; the parameter of the request would make the client compute one too.
 * And leaves the SHA-256 of a body out of the signature, where TLS or the loopback already keep the body as it is: it
 * costs more time than all else here, and the CRC-32 that is signed finds accidents.
 */
function setHeaders(client: S3Client, trustedPath: boolean): void {
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      (args) => {
        if (!hasHeaders(args.request)) return next(args);
        const { headers } = args.request;
        if (commandName === "GetObjectCommand") headers["x-amz-checksum-mode"] = "ENABLED";
        if (trustedPath && bodies.includes(commandName)) headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
        return next(args);
      },
    { step: "build", name: "musterHeaders" },
  );
}

function isTrustedPath(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return true;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" || /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname);
}

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === "object" && request !== null && "headers" in request;
}

async function clientConfig(location: S3Location, { idle }: S3Options): Promise<S3ClientConfig> {
  const { endpoint, region, credentialsFile, profile } = location;
  const tls = location.caFile === undefined ? {} : { ca: await readAuthority(location.caFile) };
  const agent = { keepAlive: true, maxSockets: 64 };
  return {
    forcePathStyle: location.pathStyle,
    maxAttempts: 1, // `call` retries
    // The store computes and compares CRC-32 itself, by zlib: the client's streams cost twice the time.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: connectTimeout,
      socketTimeout: idle,
      httpAgent: agent,
      httpsAgent: new Agent({ ...agent, ...tls }),
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined && endpoint === undefined ? {} : { region: region ?? "us-east-1" }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentialsFile === undefined
      ? {}
      : { credentials: fromIni({ filepath: credentialsFile, ...(profile === undefined ? {} : { profile }) }) }),
  };
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new MusterError("config-invalid", `the CA file ${file} cannot be read`, { cause });
  }
}
