import { DeleteObjectCommand, HeadObjectCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { asMusterError, MusterError } from "@muster/core";
import type { Connection } from "./connection.ts";
import { httpStatus } from "./errors.ts";

/** One version of a key; a delete marker is one too. Servers without versions call the only one "null". */
interface Version {
  readonly id: string;
  readonly marker: boolean;
}

/**
 * Deletes an object with all its versions, so that the bytes are gone. A version that Object Lock keeps makes it throw
 * `object-locked` before anything of the object is deleted.
 */
export async function deleteObject(s3: Connection, key: string, signal: AbortSignal | undefined): Promise<void> {
  const versions = await versionsOf(s3, key, signal);
  for (const { id, marker } of versions) if (!marker) await refuseLocked(s3, key, id, signal);
  if (versions.length === 0) return deleteVersion(s3, key, undefined, signal);
  for (const { id } of versions) await deleteVersion(s3, key, id, signal);
}

/** Newest first. Empty where the bucket has no versions or its server does not know them. */
async function versionsOf(s3: Connection, key: string, signal: AbortSignal | undefined): Promise<Version[]> {
  const Key = s3.prefix + key;
  const command = new ListObjectVersionsCommand({ Bucket: s3.bucket, Prefix: Key });
  const what = { what: `look at the versions of ${key}`, signal };
  const found = await s3.call(what, async (abortSignal) => {
    try {
      return await s3.client.send(command, { abortSignal });
    } catch (thrown) {
      if (httpStatus(thrown) === 501 || httpStatus(thrown) === 405) return undefined; // this server has no versions
      throw thrown;
    }
  });
  const own = ({ Key: name }: { Key?: string | undefined }): boolean => name === Key;
  const version =
    (marker: boolean) =>
    ({ VersionId }: { VersionId?: string | undefined }) =>
      VersionId === undefined ? [] : [{ id: VersionId, marker }];
  const kept = (found?.Versions ?? []).filter(own).flatMap(version(false));
  return [...kept, ...(found?.DeleteMarkers ?? []).filter(own).flatMap(version(true))];
}

async function refuseLocked(s3: Connection, key: string, id: string, signal: AbortSignal | undefined): Promise<void> {
  if (id === "null") return; // Object Lock gives every version an id
  const command = new HeadObjectCommand({ Bucket: s3.bucket, Key: s3.prefix + key, VersionId: id });
  const found = await s3.call({ what: `look at the lock of ${key}`, signal }, async (abortSignal) => {
    try {
      return await s3.client.send(command, { abortSignal });
    } catch (thrown) {
      if (httpStatus(thrown) === 404) return undefined;
      throw thrown;
    }
  });
  if (found?.ObjectLockLegalHoldStatus === "ON") throw locked(key, "a legal hold");
  const until = found?.ObjectLockRetainUntilDate;
  if (until !== undefined && until.getTime() > s3.clock.now())
    throw locked(key, `its lock until ${until.toISOString()}`);
}

async function deleteVersion(
  s3: Connection,
  key: string,
  id: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const version = id === undefined || id === "null" ? {} : { VersionId: id };
  const command = new DeleteObjectCommand({ Bucket: s3.bucket, Key: s3.prefix + key, ...version });
  try {
    await s3.call({ what: `delete ${key}`, signal }, (abortSignal) => s3.client.send(command, { abortSignal }));
  } catch (thrown) {
    const error = asMusterError(thrown);
    // A lock that the key may not see shows here: servers say so in their own words.
    if (/lock|retention|worm|legal hold/i.test(error.message) && error.details.status === 403) {
      throw locked(key, "its lock", thrown);
    }
    throw thrown;
  }
}

function locked(key: string, by: string, cause?: unknown): MusterError {
  return new MusterError("object-locked", `${key} is kept by ${by}`, { cause, details: { key } });
}
