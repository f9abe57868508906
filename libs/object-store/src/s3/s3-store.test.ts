import { ListObjectVersionsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDeletableStore, openStore } from "../index.ts";
import { collect, objectStoreContract, type S3Site, startS3Site } from "../testing/index.ts";

let site: S3Site;
let bucket: string;
let locked: string;
let count = 0;
beforeAll(async () => {
  site = await startS3Site();
  bucket = await site.makeBucket();
  locked = await site.makeBucket({ lock: true });
});
afterAll(() => site.stop());

const code = (expected: string) => expect.objectContaining({ code: expected });
const fresh = () => `${bucket}/s${count++}`;

objectStoreContract("S3 with an agent's key", async () => openStore(site.address(fresh(), "agent")));
objectStoreContract("S3 with Object Lock", async () =>
  openStore(site.address(`${locked}/s${count++}`, "agent", { lock: "governance:1h" })),
);

describe("a store in S3", () => {
  test("deletes with the sweeper's key, and says when there is nothing", async () => {
    const place = fresh();
    const store = await openStore(site.address(place, "agent"));
    expect("delete" in store).toBe(false);
    await store.put("k", Buffer.from("v"));
    const sweeper = await openDeletableStore(site.address(place, "admin"));
    await sweeper.delete("k");
    expect(await store.head("k")).toBeUndefined();
    await expect(sweeper.delete("k")).rejects.toEqual(code("object-missing"));
  });

  test("lists more keys than a page has", async () => {
    const store = await openStore(site.address(fresh(), "agent"));
    const keys = Array.from({ length: 1203 }, (_, n) => `many/${String(n).padStart(5, "0")}`);
    for (let from = 0; from < keys.length; from += 50) {
      await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, Buffer.from(key))));
    }
    expect((await collect(store.list("many/"))).map(({ key }) => key).sort()).toEqual(keys);
  });
});

describe("deleting in a bucket with Object Lock", () => {
  test("reports an object that is locked, and leaves it", async () => {
    const place = `${locked}/s${count++}`;
    const store = await openStore(site.address(place, "agent", { lock: "governance:1h" }));
    await store.put("k", Buffer.from("v"));
    const sweeper = await openDeletableStore(site.address(place, "admin"));
    await expect(sweeper.delete("k")).rejects.toEqual(code("object-locked"));
    expect(Buffer.from(await store.get("k")).toString()).toBe("v");
  });

  test("removes every version of one that is not locked, so that no bytes stay", async () => {
    const place = `${locked}/s${count++}`;
    const store = await openStore(site.address(place, "agent"));
    await store.put("k", Buffer.from("first"));
    const admin = site.client("admin");
    const Prefix = `${place.slice(place.indexOf("/") + 1)}/`;
    await admin.send(new PutObjectCommand({ Bucket: locked, Key: `${Prefix}k`, Body: "written over it" }));
    await (await openDeletableStore(site.address(place, "admin"))).delete("k");
    expect(await store.head("k")).toBeUndefined();
    const { Versions = [], DeleteMarkers = [] } = await admin.send(
      new ListObjectVersionsCommand({ Bucket: locked, Prefix }),
    );
    expect([...Versions, ...DeleteMarkers].filter(({ Key }) => Key === `${Prefix}k`)).toEqual([]);
  });
});
