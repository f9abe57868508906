import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { MusterError, throwIfAborted } from "@muster/core";
import type { ObjectInfo } from "../port.ts";
import type { Connection } from "./connection.ts";

/** Every object under the prefix, page by page. A page that is cut, repeated or out of place is an error, never an end. */
export async function* listObjects(
  s3: Connection,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncIterable<ObjectInfo> {
  const whole = s3.prefix + prefix;
  let token: string | undefined;
  do {
    throwIfAborted(signal);
    const page = await readPage(s3, whole, token, signal);
    for (const item of page.Contents ?? []) {
      const key = checked(item.Key, whole).slice(s3.prefix.length);
      if (key.startsWith(".")) continue; // the mark of `probeConditionalWrites`
      if (item.Size === undefined || item.LastModified === undefined)
        throw wrongList(whole, `${key} has no size or time`);
      yield { key, size: item.Size, modified: item.LastModified.getTime() };
    }
    token = nextToken(page, token, whole);
  } while (token !== undefined);
}

function readPage(
  s3: Connection,
  prefix: string,
  token: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ListObjectsV2CommandOutput> {
  const command = new ListObjectsV2Command({
    Bucket: s3.bucket,
    Prefix: prefix,
    ...(token === undefined ? {} : { ContinuationToken: token }),
  });
  return s3.call({ what: `list ${prefix || "everything"}`, signal }, async (abortSignal) => {
    const page = await s3.client.send(command, { abortSignal });
    if (page.Name === undefined || page.IsTruncated === undefined) throw wrongList(prefix, "the answer is no list");
    const found = page.Contents?.length ?? 0;
    if (page.KeyCount !== undefined && page.KeyCount !== found) {
      throw wrongList(prefix, `a page has ${found} keys and says ${page.KeyCount}`);
    }
    return page;
  });
}

function nextToken(page: ListObjectsV2CommandOutput, last: string | undefined, prefix: string): string | undefined {
  if (page.IsTruncated !== true) return undefined;
  const next = page.NextContinuationToken;
  if (next === undefined || next === "") throw wrongList(prefix, "a page is cut and does not say where to go on");
  if (next === last) throw wrongList(prefix, "a page leads to itself");
  return next;
}

function checked(key: string | undefined, prefix: string): string {
  if (key?.startsWith(prefix)) return key;
  throw wrongList(prefix, `it has ${JSON.stringify(key)}`);
}

function wrongList(prefix: string, what: string): MusterError {
  return new MusterError("store-unavailable", `the list of ${prefix || "everything"} cannot be right: ${what}`, {
    hint: "Try again; if it stays, the server or a proxy before it is at fault.",
  });
}
