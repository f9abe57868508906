import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDeletableStore, openStore } from "../index.ts";
import { type S3Site, startS3Site } from "../testing/index.ts";

/** What somebody tries who has an agent's key, and no store of ours between it and the server. */
let site: S3Site;
let Bucket: string;
let agent: S3Client;
let admin: S3Client;
const Key = "p/point";
const original = "what was backed up";
beforeAll(async () => {
  site = await startS3Site();
  Bucket = await site.makeBucket({ lock: true });
  agent = site.client("agent");
  admin = site.client("admin");
  const store = await openStore(site.address(`${Bucket}/p`, "agent", { lock: "governance:1h" }));
  await store.put("point", Buffer.from(original));
});
afterAll(() => site.stop());

const place = () => ({ Bucket, Key });
const statusOf = (work: Promise<{ $metadata: { httpStatusCode?: number } }>) =>
  work.then(
    ({ $metadata }) => $metadata.httpStatusCode,
    (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
  );

async function firstVersion(): Promise<string> {
  const { Versions = [] } = await admin.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  const oldest = Versions.at(-1);
  const { Body } = await admin.send(new GetObjectCommand({ ...place(), VersionId: oldest?.VersionId }));
  return (await Body?.transformToString()) ?? "";
}

describe("an agent's key", () => {
  const later = new Date(Date.now() + 60_000);
  test.each<[string, () => Promise<{ $metadata: { httpStatusCode?: number } }>]>([
    ["delete an object", () => agent.send(new DeleteObjectCommand(place()))],
    ["delete a version", async () => agent.send(new DeleteObjectCommand({ ...place(), VersionId: await versionId() }))],
    [
      "delete past the lock",
      async () =>
        agent.send(
          new DeleteObjectCommand({ ...place(), VersionId: await versionId(), BypassGovernanceRetention: true }),
        ),
    ],
    [
      "shorten the retention",
      () =>
        agent.send(
          new PutObjectRetentionCommand({
            ...place(),
            BypassGovernanceRetention: true,
            Retention: { Mode: "GOVERNANCE", RetainUntilDate: later },
          }),
        ),
    ],
    [
      "lift a legal hold",
      () => agent.send(new PutObjectLegalHoldCommand({ ...place(), LegalHold: { Status: "OFF" } })),
    ],
    ["change who may read", () => agent.send(new PutObjectAclCommand({ ...place(), ACL: "public-read" }))],
    [
      "tag",
      () => agent.send(new PutObjectTaggingCommand({ ...place(), Tagging: { TagSet: [{ Key: "a", Value: "b" }] } })),
    ],
    ["remove tags", () => agent.send(new DeleteObjectTaggingCommand(place()))],
    ["delete the bucket", () => agent.send(new DeleteBucketCommand({ Bucket }))],
    ["change the bucket's policy", () => agent.send(new PutBucketPolicyCommand({ Bucket, Policy: "{}" }))],
    ["remove the bucket's policy", () => agent.send(new DeleteBucketPolicyCommand({ Bucket }))],
    [
      "stop the versions",
      () => agent.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } })),
    ],
    ["change the lock", () => agent.send(new PutObjectLockConfigurationCommand({ Bucket }))],
    [
      "let objects expire",
      () =>
        agent.send(
          new PutBucketLifecycleConfigurationCommand({
            Bucket,
            LifecycleConfiguration: {
              Rules: [{ ID: "x", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Days: 1 } }],
            },
          }),
        ),
    ],
  ])("cannot %s", async (_what, attempt) => {
    expect(await statusOf(attempt())).toBe(403);
    expect(await firstVersion()).toBe(original);
  });

  test("cannot delete many objects at once", async () => {
    const { Deleted, Errors } = await agent.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
    expect(Deleted ?? []).toEqual([]);
    expect(Errors).toMatchObject([{ Key, Code: "AccessDenied" }]);
  });

  test("cannot overwrite: what it writes without a condition leaves the first version as it was", async () => {
    await statusOf(agent.send(new PutObjectCommand({ ...place(), Body: "encrypted by somebody else" })));
    await statusOf(agent.send(new CopyObjectCommand({ ...place(), CopySource: `${Bucket}/${Key}` })));
    await statusOf(agent.send(new CreateMultipartUploadCommand(place())));
    expect(await firstVersion()).toBe(original);
    const { ObjectLockMode } = await admin.send(new HeadObjectCommand({ ...place(), VersionId: await versionId() }));
    expect(ObjectLockMode).toBe("GOVERNANCE");
  });

  test("does not delete through a store either", async () => {
    const store = await openDeletableStore(site.address(`${Bucket}/p`, "agent"));
    await expect(store.delete("point")).rejects.toMatchObject({
      code: "store-unavailable",
      retryable: false,
      details: { reason: "no-permission" },
    });
  });
});

async function versionId(): Promise<string | undefined> {
  const { Versions = [] } = await admin.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  return Versions.at(-1)?.VersionId;
}
