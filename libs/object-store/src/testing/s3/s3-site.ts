import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { waitFor } from "@muster/core/testing";
import { identities, type Seaweed, type SeaweedTls, seaweed } from "./seaweed.ts";

export type Who = keyof typeof identities;

/** An S3 server for tests, with a key that may delete (`admin`) and one that may not (`agent`). */
export interface S3Site {
  readonly endpoint: string;
  /** The process, where the tests started one: undefined with MUSTER_TEST_S3_ENDPOINT. */
  readonly server: Seaweed | undefined;
  /** Makes a bucket; answers with its name. */
  makeBucket(options?: { readonly lock?: boolean }): Promise<string>;
  /** An address for `openStore` that reads this identity's key from a file. */
  address(place: string, who: Who, parameters?: Readonly<Record<string, string>>): string;
  /** The credentials file of an identity. */
  credentialsFile(who: Who): string;
  /** The plain client, for what no store does. */
  client(who: Who): S3Client;
  stop(): Promise<void>;
}

/**
 * Starts a SeaweedFS in a folder of its own. With MUSTER_TEST_S3_ENDPOINT it uses that server: the keys come from
 * MUSTER_TEST_S3_ADMIN_KEY_ID, …_ADMIN_SECRET, …_AGENT_KEY_ID and …_AGENT_SECRET, the region from …_REGION; the admin may
 * make buckets, and the buckets stay.
 */
export async function startS3Site(tls?: SeaweedTls): Promise<S3Site> {
  const folder = mkdtempSync(join(tmpdir(), "muster-s3-"));
  const given = tls === undefined ? process.env.MUSTER_TEST_S3_ENDPOINT : undefined;
  const server = given === undefined ? await seaweed(join(folder, "server"), tls) : undefined;
  const endpoint = given ?? server?.endpoint ?? "";
  const sdk = await import("@aws-sdk/client-s3");
  const region = process.env.MUSTER_TEST_S3_REGION ?? "us-east-1";
  const files = { admin: writeCredentials(folder, "admin", server), agent: writeCredentials(folder, "agent", server) };
  const clients: S3Client[] = [];
  const plain = server?.plainEndpoint ?? endpoint;
  const client = (who: Who): S3Client => {
    const made = new sdk.S3Client({ endpoint: plain, region, forcePathStyle: true, credentials: keyOf(who, server) });
    clients.push(made);
    return made;
  };
  await server?.start();
  return {
    endpoint,
    server,
    client,
    credentialsFile: (who) => files[who],
    async makeBucket({ lock = false } = {}) {
      const Bucket = `muster-test-${randomUUID()}`;
      const admin = client("admin");
      await waitFor(`the bucket ${Bucket}`, () =>
        admin.send(new sdk.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: lock })).catch(() => undefined),
      );
      return Bucket;
    },
    address(place, who, parameters = {}) {
      const query = new URLSearchParams({ endpoint, region, "credentials-file": files[who], ...parameters });
      return `s3://${place}?${query}`;
    },
    async stop() {
      for (const made of clients) made.destroy();
      await server?.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function keyOf(who: Who, server: Seaweed | undefined): { accessKeyId: string; secretAccessKey: string } {
  if (server !== undefined) return identities[who];
  const name = `MUSTER_TEST_S3_${who.toUpperCase()}`;
  const { [`${name}_KEY_ID`]: accessKeyId, [`${name}_SECRET`]: secretAccessKey } = process.env;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  throw new Error(`set ${name}_KEY_ID and ${name}_SECRET beside MUSTER_TEST_S3_ENDPOINT`);
}

function writeCredentials(folder: string, who: Who, server: Seaweed | undefined): string {
  const { accessKeyId, secretAccessKey } = keyOf(who, server);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${who}.credentials`);
  const text = `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
