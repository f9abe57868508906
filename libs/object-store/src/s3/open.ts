import { GetObjectLockConfigurationCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { MusterError, systemClock } from "@muster/core";
import type { DeletableStore, ObjectStore } from "../port.ts";
import { checksum } from "./checksum.ts";
import { type Connection, connect, type S3Options } from "./connection.ts";
import { answerName, httpStatus } from "./errors.ts";
import type { S3Location } from "./location.ts";
import { deletableStore, s3Store } from "./s3-store.ts";

const defaults: S3Options = {
  clock: systemClock,
  attempts: 8,
  backoff: { initial: 250, max: 15_000 },
  idle: 60_000,
};

/** An object that is only ever made: whether a second try to make it is refused tells what the server can do. */
const markKey = ".muster-probe";
const mark = Buffer.from("Muster has looked whether this server has conditional writes.\n");

/** Opening is given up early: who opens can say so, and try again. */
const opening = { signal: undefined, attempts: 4 };

/**
 * Opens a bucket that exists. Throws `store-unavailable` with the reason when it cannot be used as it must be: wrong
 * key, no such bucket, no permission, a server without conditional writes, Object Lock that is not there.
 */
export async function openS3Store(location: S3Location, options: Partial<S3Options> = {}): Promise<ObjectStore> {
  return s3Store(await openConnection(location, options));
}

/** Like `openS3Store`, with `delete`; for the sweeper of the control plane only. */
export async function openDeletableS3Store(
  location: S3Location,
  options: Partial<S3Options> = {},
): Promise<DeletableStore> {
  return deletableStore(await openConnection(location, options));
}

async function openConnection(location: S3Location, options: Partial<S3Options>): Promise<Connection> {
  const s3 = await connect(location, { ...defaults, ...options });
  try {
    await checkBucket(s3);
    if (s3.lock !== undefined) await checkLock(s3);
    if (s3.conditionalWrites) await probeConditionalWrites(s3);
    return s3;
  } catch (thrown) {
    s3.client.destroy();
    throw thrown;
  }
}

/** A list says what is wrong, which a request for the bucket's head does not: that has no body. */
async function checkBucket(s3: Connection): Promise<void> {
  const command = new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: s3.prefix, MaxKeys: 1 });
  await s3.call({ what: `open the bucket ${s3.bucket}`, ...opening }, (abortSignal) =>
    s3.client.send(command, { abortSignal }),
  );
}

async function checkLock(s3: Connection): Promise<void> {
  const command = new GetObjectLockConfigurationCommand({ Bucket: s3.bucket });
  await s3.call({ what: `ask for the Object Lock of ${s3.bucket}`, ...opening }, async (abortSignal) => {
    try {
      const { ObjectLockConfiguration: found } = await s3.client.send(command, { abortSignal });
      if (found?.ObjectLockEnabled === "Enabled") return;
    } catch (thrown) {
      if (httpStatus(thrown) === 403) return; // may not look; a put will show
      if (answerName(thrown) !== "ObjectLockConfigurationNotFoundError") throw thrown;
    }
    throw new MusterError("store-unavailable", `the bucket ${s3.bucket} has no Object Lock`, {
      hint: "Make a bucket with Object Lock, or take lock=… out of the address.",
      retryable: false,
    });
  });
}

/**
 * Makes the mark twice: a server with conditional writes refuses the second, or the first when the mark is there. A key
 * that may not write here at all is let through: it can read, and a put will say no.
 */
async function probeConditionalWrites(s3: Connection): Promise<void> {
  for (let time = 0; time < 2; time++) {
    const answer = await makeMark(s3);
    if (answer === "made") continue;
    if (answer === "refused") return;
    break;
  }
  throw new MusterError("store-unavailable", `${s3.place} has no conditional writes (If-None-Match)`, {
    hint: "Without them two writers may overwrite each other. Use a newer server, or accept it: …?conditional-writes=off",
    retryable: false,
    details: { reason: "not-supported" },
  });
}

function makeMark(s3: Connection): Promise<"made" | "refused" | "unknown"> {
  return s3.call({ what: "probe for conditional writes", ...opening }, async (abortSignal) => {
    try {
      const command = new PutObjectCommand({
        Bucket: s3.bucket,
        Key: s3.prefix + markKey,
        Body: mark,
        ContentLength: mark.byteLength,
        ChecksumCRC32: checksum([mark]), // Object Lock asks for one
        IfNoneMatch: "*",
      });
      await s3.client.send(command, { abortSignal });
      return "made";
    } catch (thrown) {
      const status = httpStatus(thrown);
      if (status === 412 || status === 403) return "refused";
      if (status === 501 || status === 400) return "unknown";
      throw thrown;
    }
  });
}
