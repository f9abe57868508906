import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStore } from "../index.ts";
import { type S3Site, startS3Site } from "../testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-s3-tls-"));
const certificate = join(folder, "server.pem");
const key = join(folder, "server.key");
let site: S3Site;
let bucket: string;
beforeAll(async () => {
  makeCertificate();
  site = await startS3Site({ certificate, key });
  bucket = await site.makeBucket();
});
afterAll(async () => {
  await site.stop();
  rmSync(folder, { recursive: true });
});

/** A certificate that is its own authority. */
function makeCertificate(): void {
  const subject = ["-subj", "/CN=muster-test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", key, "-out", certificate];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  execFileSync("openssl", ["req", ...kind, ...files, ...subject], { stdio: "ignore" });
}

test("a server with a certificate of one's own authority is used with its CA file", async () => {
  const store = await openStore(site.address(`${bucket}/tls`, "agent"), { caFile: certificate });
  await store.put("k", Buffer.alloc(20 * 2 ** 20, "over TLS "));
  expect((await store.get("k")).byteLength).toBe(20 * 2 ** 20);
});

test("without the CA file the connection is refused, with a hint", async () => {
  const opening = openStore(site.address(`${bucket}/tls`, "agent"));
  await expect(opening).rejects.toMatchObject({
    code: "store-unavailable",
    retryable: false,
    hint: expect.stringContaining("ca-file"),
    details: { reason: "tls" },
  });
});

test("a CA file that is not there is an error of the configuration", async () => {
  const opening = openStore(site.address(bucket, "agent"), { caFile: join(folder, "none.pem") });
  await expect(opening).rejects.toMatchObject({ code: "config-invalid" });
});
