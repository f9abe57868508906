import { HeadBucketCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { MusterError, throwIfAborted } from "@muster/core";
import { shortObject } from "../fs/read.ts";
import { checkKey, checkPrefix } from "../keys.ts";
import type { ByteRange, CallOptions, DeletableStore, ObjectInfo, ObjectStore } from "../port.ts";
import type { Connection } from "./connection.ts";
import { deleteObject } from "./delete.ts";
import { httpStatus } from "./errors.ts";
import { listObjects } from "./list.ts";
import { putObject } from "./put.ts";
import { readRange, readWhole } from "./read.ts";

/** The port over one connection. */
export function s3Store(s3: Connection): ObjectStore {
  const begin = (key: string, options: CallOptions | undefined): void => {
    checkKey(key);
    throwIfAborted(options?.signal);
  };
  const where = `bucket ${s3.bucket}${s3.prefix === "" ? "" : ` under ${s3.prefix}`} at ${s3.place}`;
  return {
    ...(s3.conditionalWrites
      ? { description: where }
      : { description: `${where}, without conditional writes`, conditionalWrites: false }),
    async put(key, bytes, options) {
      begin(key, options);
      await putObject(s3, key, bytes, options?.signal);
    },
    async get(key, options) {
      begin(key, options);
      const reading = { key, signal: options?.signal, memory: options?.memory };
      if (options?.range === undefined) return readWhole(s3, reading);
      if (options.range.length === 0) return readNothing(s3, key, options.range, options);
      return readRange(s3, reading, options.range);
    },
    async head(key, options) {
      begin(key, options);
      return headObject(s3, key, options);
    },
    async *list(prefix, options) {
      checkPrefix(prefix);
      yield* listObjects(s3, prefix, options?.signal);
    },
  };
}

/** The same with `delete`; in a bucket with versions it removes the object with all of them. */
export function deletableStore(s3: Connection): DeletableStore {
  return {
    ...s3Store(s3),
    async delete(key, options) {
      checkKey(key);
      throwIfAborted(options?.signal);
      if ((await headObject(s3, key, options)) === undefined) throw missing(key); // S3 does not say
      await deleteObject(s3, key, options?.signal);
    },
  };
}

type Head = Omit<ObjectInfo, "key">;

async function headObject(s3: Connection, key: string, options: CallOptions | undefined): Promise<Head | undefined> {
  const signal = options?.signal;
  const command = new HeadObjectCommand({ Bucket: s3.bucket, Key: s3.prefix + key });
  const found = await s3.call({ what: `look at ${key}`, signal }, async (abortSignal): Promise<Head | undefined> => {
    try {
      const { ContentLength, LastModified } = await s3.client.send(command, { abortSignal });
      if (ContentLength !== undefined && LastModified !== undefined) {
        return { size: ContentLength, modified: LastModified.getTime() };
      }
    } catch (thrown) {
      if (httpStatus(thrown) === 404) return undefined;
      throw thrown;
    }
    throw new MusterError("store-unavailable", `look at ${key}: the answer has no size or time`);
  });
  if (found === undefined) await checkBucketIsThere(s3, signal);
  return found;
}

/** A bucket that is gone must not read as one object that is missing: the answer to a HEAD does not tell them apart. */
async function checkBucketIsThere(s3: Connection, signal: AbortSignal | undefined): Promise<void> {
  const command = new HeadBucketCommand({ Bucket: s3.bucket });
  await s3.call({ what: `look at the bucket ${s3.bucket}`, signal }, (abortSignal) =>
    s3.client.send(command, { abortSignal }),
  );
}

async function readNothing(s3: Connection, key: string, range: ByteRange, options: CallOptions): Promise<Uint8Array> {
  const found = await headObject(s3, key, options);
  if (found === undefined) throw missing(key);
  if (range.offset > found.size) throw shortObject(key, range.offset, found.size);
  return new Uint8Array(0);
}

function missing(key: string): MusterError {
  return new MusterError("object-missing", `${key} is missing`);
}
