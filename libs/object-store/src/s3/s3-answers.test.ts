import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { afterAll, afterEach, expect, test } from "vitest";
import { withRetry } from "../retry.ts";
import { collect } from "../testing/index.ts";
import { errorAnswer, listAnswer, type ScriptedAnswer, scriptedServer } from "../testing/s3/scripted-server.ts";
import { parseS3Location } from "./location.ts";
import { openS3Store } from "./open.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-s3-answers-"));
const credentials = join(folder, "credentials");
writeFileSync(credentials, "[default]\naws_access_key_id = AKIATEST\naws_secret_access_key = very-secret-value\n");
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0)) await each();
});
afterAll(() => rmSync(folder, { recursive: true }));

const quick = { attempts: 3, backoff: { initial: 1, max: 2 } };
const isMark = (request: string) => request.startsWith("PUT") && request.includes(".muster-probe");

/** A store over a script; opening works unless the script says otherwise. */
async function open(script: (request: string) => ScriptedAnswer | undefined, parameters = "") {
  const server = await scriptedServer((request) => {
    const scripted = script(request);
    if (scripted !== undefined) return scripted;
    if (isMark(request)) return errorAnswer(412, "PreconditionFailed");
    return request.startsWith("GET") ? listAnswer([]) : { status: 200 };
  });
  cleanup.push(() => server.stop());
  const address = `s3://bucket/p?endpoint=${server.endpoint}&credentials-file=${credentials}${parameters}`;
  return openS3Store(parseS3Location(address), quick);
}

async function failureOf(work: Promise<unknown>): Promise<MusterError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof MusterError) return thrown;
  throw new Error(`no MusterError: ${thrown}`);
}

test.each([
  [403, "InvalidAccessKeyId", "wrong-key", /AWS_ACCESS_KEY_ID/],
  [403, "SignatureDoesNotMatch", "wrong-key", /AWS_SECRET_ACCESS_KEY/],
  [403, "AccessDenied", "no-permission", /policy/],
  [403, "RequestTimeTooSkewed", "clock-skew", /clock/],
  [400, "ExpiredToken", "expired-credentials", /Renew/],
  [404, "NoSuchBucket", "no-bucket", /makes no buckets/],
  [301, "PermanentRedirect", "wrong-region", /region=/],
])("an answer %i %s at opening is said as %s", async (status, answer, reason, hint) => {
  let requests = 0;
  const error = await failureOf(
    open(() => {
      requests += 1;
      return errorAnswer(status, answer);
    }),
  );
  expect(error).toMatchObject({ code: "store-unavailable", retryable: false, details: { reason } });
  expect(error.hint).toMatch(hint);
  expect(requests).toBe(1);
});

test("no error has the secret or the key in it", async () => {
  const error = await failureOf(open(() => errorAnswer(403, "SignatureDoesNotMatch")));
  const everything = `${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.details)} ${error.cause}`;
  expect(everything).not.toMatch(/very-secret-value|Signature=/);
});

test("a server that is busy is asked again, and given up with a retryable error", async () => {
  let requests = 0;
  const store = await open((request) => {
    if (!request.includes("/p/k")) return undefined;
    requests += 1;
    return requests < 3 ? errorAnswer(503, "SlowDown") : { status: 200 };
  });
  await store.put("k", Buffer.from("v"));
  expect(requests).toBe(3);
  requests = -100;
  expect(await failureOf(store.put("k", Buffer.from("v")))).toMatchObject({
    retryable: true,
    details: { reason: "busy" },
  });
  expect(requests).toBe(-97);
});

test("a server without conditional writes is refused when it is opened, unless that was accepted", async () => {
  const ignores = (request: string) => (isMark(request) ? { status: 200 } : undefined);
  const error = await failureOf(open(ignores));
  expect(error).toMatchObject({ code: "store-unavailable", retryable: false, details: { reason: "not-supported" } });
  expect(error.hint).toContain("conditional-writes=off");
  const refuses = (request: string) => (isMark(request) ? errorAnswer(501, "NotImplemented") : undefined);
  expect(await failureOf(open(refuses))).toMatchObject({ details: { reason: "not-supported" } });
  const accepted = await open(ignores, "&conditional-writes=off");
  expect(accepted.description).toContain("without conditional writes");
  expect(accepted.conditionalWrites).toBe(false);
  expect(withRetry(accepted).conditionalWrites).toBe(false);
});

test("a full store is `disk-full`", async () => {
  const store = await open((request) =>
    request.includes("/p/k") ? errorAnswer(507, "InsufficientStorage") : undefined,
  );
  await expect(store.put("k", Buffer.from("v"))).rejects.toMatchObject({ code: "disk-full" });
});

test.each([
  ["is cut without saying where to go on", () => listAnswer(["p/a"], {})],
  ["leads to itself", () => listAnswer(["p/a"], { token: "same" })],
  ["has keys of another prefix", () => listAnswer(["other/a"])],
  [
    "fails on a later page",
    (n: number) => (n === 0 ? listAnswer(["p/a"], { token: "2" }) : errorAnswer(500, "InternalError")),
  ],
  ["is the page of a proxy", () => ({ status: 200, body: "<html><body>Please log in</body></html>" })],
  [
    "counts otherwise than it lists",
    () => ({
      status: 200,
      body: "<ListBucketResult><Name>bucket</Name><KeyCount>5</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>",
    }),
  ],
])("a list that %s is an error", async (_name, page) => {
  let pages = 0;
  let opened = false;
  const store = await open((request) => (opened && request.includes("list-type=2") ? page(pages++) : undefined));
  opened = true;
  await expect(collect(store.list(""))).rejects.toMatchObject({ code: "store-unavailable" });
});

test("a server that knows no ranges is an error, not a short object", async () => {
  const store = await open((request) => (request.includes("/p/k") ? { status: 200, body: "0123456789" } : undefined));
  const reading = store.get("k", { range: { offset: 2, length: 3 } });
  await expect(reading).rejects.toMatchObject({ code: "store-unavailable", retryable: false });
});

test("a server that is gone is an error, not an empty store", async () => {
  const store = await open(() => undefined);
  for (const each of cleanup.splice(0)) await each();
  const calls = [store.get("k"), store.head("k"), collect(store.list("")), store.put("k", Buffer.from("v"))];
  for (const error of await Promise.all(calls.map(failureOf))) {
    expect(error).toMatchObject({ code: "store-unavailable", details: { reason: "network" } });
  }
});

test("a call that is cancelled in the middle ends at once", async () => {
  const controller = new AbortController();
  const store = await open((request) => {
    if (!request.includes("/p/k")) return undefined;
    controller.abort();
    return errorAnswer(503, "SlowDown");
  });
  await expect(store.put("k", Buffer.from("v"), { signal: controller.signal })).rejects.toMatchObject({
    code: "cancelled",
  });
});
