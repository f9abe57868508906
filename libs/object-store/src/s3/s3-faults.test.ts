import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { sleep } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type ObjectStore, openStore, parseS3Location } from "../index.ts";
import { type S3Site, startS3Site } from "../testing/index.ts";
import { type ProxyFault, type ShakyProxy, shakyProxy } from "../testing/s3/shaky-proxy.ts";
import { openS3Store } from "./open.ts";

let site: S3Site;
let bucket: string;
let proxy: ShakyProxy | undefined;
let count = 0;
beforeAll(async () => {
  site = await startS3Site();
  bucket = await site.makeBucket();
});
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});
afterAll(() => site.stop());

const mebibyte = 2 ** 20;
const largePut = 24; // MiB: goes up in parts
const sha256 = (parts: readonly Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/** So many MiB, every one different, in few bytes of memory. */
function* numbered(count: number): Generator<Buffer> {
  for (let n = 0; n < count; n++) yield Buffer.alloc(mebibyte, `${n} `);
}

/** A store behind a proxy that does this to the first request that matches. */
async function openShaky(fault: ProxyFault, matches: RegExp): Promise<ObjectStore> {
  let done = false;
  proxy = await shakyProxy(site.endpoint, (request) => {
    if (done || !matches.test(request)) return undefined;
    done = true;
    return fault;
  });
  return openStore(site.address(`${bucket}/f${count++}`, "agent", { endpoint: proxy.endpoint }));
}

const requestsFor = (pattern: RegExp) => proxy?.requests.filter((request) => pattern.test(request)).length;

test("a put whose answer was lost is known for its own", async () => {
  const store = await openShaky("lose-answer", /^PUT .*\/k/);
  await store.put("k", Buffer.from("v"));
  expect(requestsFor(/^PUT .*\/k/)).toBe(2);
  await expect(store.put("k", Buffer.from("v"))).rejects.toMatchObject({ code: "object-exists" });
});

test("a large put whose last answer was lost is known for its own", async () => {
  const store = await openShaky("lose-answer", /^POST .*uploadId=/);
  const parts = [...numbered(largePut)];
  await store.put("k", parts);
  expect(sha256([await store.get("k")])).toBe(sha256(parts));
});

test("only the part of a large put that failed is sent again", async () => {
  const store = await openShaky("lose-answer", /^PUT .*partNumber=2/);
  await store.put("k", [...numbered(largePut)]);
  expect(requestsFor(/partNumber=2/)).toBe(2);
  expect(requestsFor(/partNumber=1&|partNumber=1$/)).toBe(1);
});

test("a read whose connection breaks goes on where it ended", async () => {
  const store = await openShaky("cut-answer", /^GET .*\/k/);
  const parts = [...numbered(largePut)];
  await store.put("k", parts);
  expect(sha256([await store.get("k")])).toBe(sha256(parts));
});

test("a range whose connection breaks is whole all the same", async () => {
  const store = await openShaky("cut-answer", /^GET .*\/k/);
  await store.put("k", Buffer.from("0123456789"));
  const read = await store.get("k", { range: { offset: 2, length: 6 } });
  expect(Buffer.from(read).toString()).toBe("234567");
});

test("bytes that are damaged on the way are read again", async () => {
  const store = await openShaky("damage-answer", /^GET .*\/k/);
  await store.put("k", Buffer.from("0123456789"));
  expect(Buffer.from(await store.get("k")).toString()).toBe("0123456789");
  expect(requestsFor(/^GET .*\/k/)).toBe(2);
});

test("an object that stays damaged is `repository-corrupt`", async () => {
  proxy = await shakyProxy(site.endpoint, (request) => (/^GET .*\/k/.test(request) ? "damage-answer" : undefined));
  const store = await openStore(site.address(`${bucket}/f${count++}`, "agent", { endpoint: proxy.endpoint }));
  await store.put("k", Buffer.from("0123456789"));
  await expect(store.get("k")).rejects.toMatchObject({ code: "repository-corrupt" });
});

test("a large put needs little memory besides its bytes", async () => {
  const store = await openStore(site.address(`${bucket}/f${count++}`, "agent"));
  const piece = Buffer.alloc(mebibyte, "the same bytes, many times ");
  const parts = Array.from({ length: 160 }, () => piece);
  const before = process.memoryUsage().arrayBuffers;
  let most = before;
  const writing = store.put("k", parts);
  let written = false;
  void writing.finally(() => {
    written = true;
  });
  await waitFor("the put", () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers);
    return written;
  });
  await writing;
  expect((most - before) / mebibyte).toBeLessThan(80);
  expect((await store.head("k"))?.size).toBe(160 * mebibyte);
  const tail = await store.get("k", { range: { offset: 150 * mebibyte, length: 10 * mebibyte } });
  expect(sha256([tail])).toBe(sha256(parts.slice(150)));
});

test("a server that is killed and comes back does not end a put", async ({ skip }) => {
  const { server } = site;
  if (server === undefined) return skip("the server is not the tests' own");
  proxy = await shakyProxy(site.endpoint, () => undefined);
  const address = site.address(`${bucket}/f${count++}`, "agent", { endpoint: proxy.endpoint });
  const patient = { attempts: 100, backoff: { initial: 50, max: 500 } };
  const store = await openS3Store(parseS3Location(address), patient);
  const parts = [...numbered(120)];
  const writing = store.put("k", parts);
  await waitFor("some parts", () => (requestsFor(/partNumber=/) ?? 0) > 5, { interval: 1 });
  await server.kill();
  expect(await Promise.race([writing.then(() => "ended"), sleep(10).then(() => "goes on")])).toBe("goes on");
  await server.start();
  await writing;
  expect(sha256([await store.get("k")])).toBe(sha256(parts));
}, 120_000);

test("a wrong secret is named, and not retried", async () => {
  const file = `${site.credentialsFile("agent")}.wrong`;
  writeFileSync(file, "[default]\naws_access_key_id = muster-agent\naws_secret_access_key = not-the-secret\n");
  const opening = openStore(site.address(bucket, "agent", { "credentials-file": file }));
  await expect(opening).rejects.toMatchObject({
    code: "store-unavailable",
    retryable: false,
    details: { reason: "wrong-key" },
  });
  await expect(opening).rejects.not.toThrow("not-the-secret");
});

test("credentials that are not there and a bucket that does not exist are named", async () => {
  const nowhere = openStore(site.address(bucket, "agent", { "credentials-file": "/nonexistent/credentials" }));
  await expect(nowhere).rejects.toMatchObject({ details: { reason: "no-credentials" } });
  const missing = openStore(site.address("muster-no-such-bucket", "agent"));
  await expect(missing).rejects.toMatchObject({ retryable: false, details: { reason: "no-bucket" } });
});

test("a bucket without Object Lock is refused when a lock is asked for", async () => {
  await expect(openStore(site.address(bucket, "agent", { lock: "governance:1d" }))).rejects.toThrow("no Object Lock");
});
