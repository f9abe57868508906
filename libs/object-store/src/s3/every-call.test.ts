import * as s3 from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStore } from "../index.ts";
import { type S3Site, startS3Site } from "../testing/index.ts";

/** Every request that the client knows and that could change something, with an agent's key; see append-only.test.ts for some in detail. */
let site: S3Site;
let Bucket: string;
const Key = "p/point";
const original = "what was backed up";
beforeAll(async () => {
  site = await startS3Site();
  Bucket = await site.makeBucket({ lock: true });
  const store = await openStore(site.address(`${Bucket}/p`, "agent", { lock: "governance:1h" }));
  await store.put("point", Buffer.from(original));
});
afterAll(() => site.stop());

type Sendable = Parameters<s3.S3Client["send"]>[0];
type Constructor = new (input: Record<string, unknown>) => Sendable;

const exported: Readonly<Record<string, unknown>> = s3;
const changing = Object.entries(exported).filter(
  (entry): entry is [string, Constructor] =>
    /^(?!Get|Head|List)[A-Z].*Command$/.test(entry[0]) && typeof entry[1] === "function",
);

/** The oldest version of the object, as who may do everything sees it. */
async function oldest(): Promise<{
  content: string | undefined;
  lock: string | undefined;
  versioning: string | undefined;
}> {
  const admin = site.client("admin");
  const { Versions = [] } = await admin.send(new s3.ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  const VersionId = Versions.at(-1)?.VersionId;
  const { Body, ObjectLockMode: lock } = await admin.send(new s3.GetObjectCommand({ Bucket, Key, VersionId }));
  const { Status: versioning } = await admin.send(new s3.GetBucketVersioningCommand({ Bucket }));
  return { content: await Body?.transformToString(), lock, versioning };
}

test("whatever request an agent's key is used for, the first version stays as it was, under its lock", async () => {
  expect(changing.length).toBeGreaterThan(50);
  const before = await oldest();
  expect(before).toMatchObject({ content: original, lock: "GOVERNANCE", versioning: "Enabled" });
  const { Versions = [] } = await site.client("admin").send(new s3.ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  const common = { Bucket, Key, VersionId: Versions.at(-1)?.VersionId, BypassGovernanceRetention: true };
  const agent = site.client("agent");
  for (const [, Command] of changing) {
    for (const input of [
      common,
      { Bucket, Key, CopySource: `${Bucket}/${Key}`, Body: "evil", Delete: { Objects: [{ Key }] } },
    ]) {
      // Most are refused, some cannot even be sent; what counts is what is there afterwards.
      await agent.send(new Command(input), { abortSignal: AbortSignal.timeout(5000) }).catch(() => undefined);
    }
  }
  expect(await oldest()).toEqual(before);
});
