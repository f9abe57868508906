import { randomUUID } from "node:crypto";
import { HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { MusterError } from "@muster/core";
import { partsOf, totalLength } from "../port.ts";
import { checksum } from "./checksum.ts";
import type { Connection } from "./connection.ts";
import { httpStatus } from "./errors.ts";
import { putMultipart } from "./multipart.ts";
import { sliceOf } from "./slices.ts";

/** Objects of more bytes go up in parts. */
const largestSinglePut = 16 * 2 ** 20;

/** The name of the metadata that says whose write an object is. */
const writerMetadata = "muster-write";

/** One write of one object. */
export interface Writing {
  readonly key: string;
  readonly parts: readonly Uint8Array[];
  readonly total: number;
  readonly signal: AbortSignal | undefined;
  /** The condition, metadata and lock that the object is made with. */
  readonly terms: ReturnType<typeof writeTerms>;
  /** Told apart from every other write by this, when the answer to it was lost. */
  readonly id: string;
}

/** Creates the object. Throws `object-exists` unless this very write made the object that is there. */
export async function putObject(
  s3: Connection,
  key: string,
  bytes: Uint8Array | readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const id = randomUUID();
  const writing = { key, parts: partsOf(bytes), total: totalLength(bytes), signal, id, terms: writeTerms(s3, id) };
  if (!s3.conditionalWrites && (await writerOf(s3, key, signal)) !== undefined) throw exists(key);
  if (writing.total > largestSinglePut) return putMultipart(s3, writing);
  const body = sliceOf(writing.parts, 0, writing.total);
  const command = new PutObjectCommand({
    Bucket: s3.bucket,
    Key: s3.prefix + key,
    Body: body,
    ContentLength: body.byteLength,
    ChecksumCRC32: checksum([body]),
    ...writing.terms.make,
    ...writing.terms.condition,
  });
  await settleConflict(
    s3,
    writing,
    s3.call({ what: `write ${key}`, signal, bytes: writing.total }, (abortSignal) =>
      s3.client.send(command, { abortSignal }),
    ),
  );
}

function writeTerms(s3: Connection, id: string) {
  const lock =
    s3.lock === undefined
      ? {}
      : { ObjectLockMode: s3.lock.mode, ObjectLockRetainUntilDate: new Date(s3.clock.now() + s3.lock.keep) };
  return {
    make: { Metadata: { [writerMetadata]: id }, ...lock },
    condition: s3.conditionalWrites ? { IfNoneMatch: "*" } : {},
  };
}

/**
 * Waits for the request that gives an object its name. One whose answer was lost may have succeeded: when the key is
 * taken, what is there is asked whose it is.
 */
export async function settleConflict(s3: Connection, writing: Writing, named: Promise<unknown>): Promise<void> {
  try {
    await named;
  } catch (thrown) {
    const status = thrown instanceof MusterError ? thrown.details.status : undefined;
    if (status !== 412 && status !== 404) throw thrown; // 404: this upload was completed before, or never began
    const writer = await writerOf(s3, writing.key, writing.signal);
    if (writer === writing.id) return;
    if (writer === undefined) throw thrown;
    throw exists(writing.key);
  }
}

/** Who made the object: empty when it does not say, undefined when there is no object. */
export function writerOf(s3: Connection, key: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  return s3.call({ what: `look at ${key}`, signal }, async (abortSignal) => {
    try {
      const command = new HeadObjectCommand({ Bucket: s3.bucket, Key: s3.prefix + key });
      const found = await s3.client.send(command, { abortSignal });
      return found.Metadata?.[writerMetadata] ?? "";
    } catch (thrown) {
      if (httpStatus(thrown) === 404) return undefined;
      throw thrown;
    }
  });
}

export function exists(key: string): MusterError {
  return new MusterError("object-exists", `${key} exists already`);
}
