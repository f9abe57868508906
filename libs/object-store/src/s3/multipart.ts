import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { MusterError, mapLimit } from "@muster/core";
import { checksum } from "./checksum.ts";
import type { Connection } from "./connection.ts";
import { exists, settleConflict, type Writing, writerOf } from "./put.ts";
import { sliceOf } from "./slices.ts";

/** Parts at once; with their size this bounds the bytes that are copied. */
const lanes = 4;
const usualPart = 8 * 2 ** 20;
const mostParts = 10_000;

/** Uploads an object in parts, each retried by itself. The object appears with the last request, or not at all. */
export async function putMultipart(s3: Connection, writing: Writing): Promise<void> {
  const { key, signal } = writing;
  if ((await writerOf(s3, key, signal)) !== undefined) throw exists(key); // before its bytes travel
  const uploadId = await begin(s3, writing);
  try {
    const parts = await uploadParts(s3, writing, uploadId);
    await complete(s3, writing, uploadId, parts);
  } catch (thrown) {
    await abandon(s3, writing, uploadId);
    throw thrown;
  }
}

async function begin(s3: Connection, { key, signal, terms }: Writing): Promise<string> {
  return s3.call({ what: `begin to write ${key}`, signal }, async (abortSignal) => {
    const command = new CreateMultipartUploadCommand({
      Bucket: s3.bucket,
      Key: s3.prefix + key,
      ChecksumAlgorithm: "CRC32",
      ChecksumType: "FULL_OBJECT",
      ...terms.make,
    });
    const { UploadId } = await s3.client.send(command, { abortSignal });
    if (UploadId !== undefined) return UploadId;
    throw new MusterError("store-unavailable", `begin to write ${key}: the server gave no upload id`);
  });
}

function uploadParts(s3: Connection, { key, parts, total, signal }: Writing, uploadId: string) {
  const size = Math.max(usualPart, Math.ceil(total / mostParts));
  const numbers = Array.from({ length: Math.ceil(total / size) }, (_, index) => index + 1);
  return mapLimit(numbers, lanes, async (number): Promise<CompletedPart> => {
    const body = sliceOf(parts, (number - 1) * size, Math.min(number * size, total));
    const crc = checksum([body]);
    const what = `write part ${number} of ${key}`;
    const { ETag } = await s3.call({ what, signal, bytes: body.byteLength }, (abortSignal) =>
      s3.client.send(
        new UploadPartCommand({
          Bucket: s3.bucket,
          Key: s3.prefix + key,
          UploadId: uploadId,
          PartNumber: number,
          Body: body,
          ContentLength: body.byteLength,
          ChecksumCRC32: crc,
        }),
        { abortSignal },
      ),
    );
    return { PartNumber: number, ETag, ChecksumCRC32: crc };
  });
}

async function complete(s3: Connection, writing: Writing, uploadId: string, parts: CompletedPart[]): Promise<void> {
  const { key, total, signal, terms } = writing;
  const command = new CompleteMultipartUploadCommand({
    Bucket: s3.bucket,
    Key: s3.prefix + key,
    UploadId: uploadId,
    MultipartUpload: { Parts: parts },
    ChecksumType: "FULL_OBJECT",
    MpuObjectSize: total,
    ...terms.condition,
  });
  // The server may copy all bytes before it answers.
  const named = s3.call({ what: `complete ${key}`, signal, bytes: total }, (abortSignal) =>
    s3.client.send(command, { abortSignal }),
  );
  await settleConflict(s3, writing, named);
}

/** Frees the parts of an upload that came to nothing. Where this fails the bucket's lifecycle rule does it later. */
async function abandon(s3: Connection, { key }: Writing, uploadId: string): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key: s3.prefix + key, UploadId: uploadId });
  await s3.client.send(command, { abortSignal: AbortSignal.timeout(10_000) }).catch(() => undefined);
}
