import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { storeError } from "./fs/errors.ts";
import { createFileStore, openDeletableFileStore, openStore, withRetry } from "./index.ts";
import { collect, type Fault, faultyStore, memoryStore, objectStoreContract } from "./testing/index.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-store-"));
let count = 0;
const fresh = () => join(scratch, `s${count++}`);
afterAll(() => rm(scratch, { recursive: true }));

const quick = { attempts: 3, backoff: { initial: 1, max: 2 } };
const once = (at: number, fault: Fault) => (call: number) => (call === at ? fault : undefined);
const code = (expected: string) => expect.objectContaining({ code: expected });

objectStoreContract("memory", async () => memoryStore());
objectStoreContract("file", () => createFileStore(fresh()));
objectStoreContract("retry over file", async () => withRetry(await createFileStore(fresh()), quick));
objectStoreContract("retry over a store that fails every other call", async () =>
  withRetry(
    faultyStore(memoryStore(), (call) => (call % 2 === 0 ? { kind: "fail" } : undefined)),
    quick,
  ),
);
objectStoreContract("retry over a store that loses every third answer", async () =>
  withRetry(
    faultyStore(memoryStore(), (call, op) => (call % 3 === 0 && op !== "list" ? { kind: "fail-after" } : undefined)),
    quick,
  ),
);

test("opening never makes a store", async () => {
  const path = fresh();
  await expect(openStore(path)).rejects.toEqual(code("store-unavailable"));
  await expect(openStore(path)).rejects.toThrow(path);
});

test("opens absolute paths and file URLs, and names a scheme it does not know", async () => {
  const path = fresh();
  await createFileStore(path);
  await (await openStore(path)).put("k", Buffer.from("v"));
  expect(await (await openStore(pathToFileURL(path).href)).head("k")).toBeDefined();
  await expect(openStore("ftp://host/x")).rejects.toThrow("ftp");
  await expect(openStore("relative/path")).rejects.toEqual(code("usage"));
});

test("a disk that is gone is an error, not an empty store", async () => {
  const path = fresh();
  const store = await createFileStore(path);
  await store.put("a/k", Buffer.from("v"));
  await rename(path, `${path}-away`);
  await expect(collect(store.list("a/"))).rejects.toEqual(code("store-unavailable"));
  await createFileStore(path); // an empty mount point in its place
  await expect(collect(store.list("a/"))).rejects.toEqual(code("store-unavailable"));
  await expect(store.head("a/k")).rejects.toEqual(code("store-unavailable"));
  await expect(store.get("a/k")).rejects.toEqual(code("store-unavailable"));
});

test("a put leaves nothing in the staging folder, also when it loses", async () => {
  const path = fresh();
  const store = await createFileStore(path);
  await store.put("k", Buffer.from("v"));
  await store.put("k", Buffer.from("w")).catch(() => undefined);
  expect(await readdir(join(path, ".staging"))).toEqual([]);
});

test("only a deletable store deletes", async () => {
  const path = fresh();
  const store = await createFileStore(path);
  expect("delete" in store).toBe(false);
  await store.put("k", Buffer.from("v"));
  const sweeper = await openDeletableFileStore(path);
  await sweeper.delete("k");
  expect(await store.head("k")).toBeUndefined();
  await expect(sweeper.delete("k")).rejects.toEqual(code("object-missing"));
});

test("errors of the file system say what, where and whether trying again helps", () => {
  const of = (code: string) => storeError(Object.assign(new Error("x"), { code }), "write /x/y");
  expect(of("ENOSPC")).toMatchObject({ code: "disk-full", message: "write /x/y: no space left" });
  expect(of("EACCES")).toMatchObject({ code: "store-unavailable", retryable: false });
  expect(of("EROFS")).toMatchObject({ code: "store-unavailable", retryable: false });
  expect(of("EIO")).toMatchObject({ code: "store-unavailable", retryable: true });
});

test("a retried put does not take another writer's object for its own", async () => {
  const inner = memoryStore();
  await inner.put("k", Buffer.from("theirs"));
  const store = withRetry(faultyStore(inner, once(0, { kind: "fail" })), quick);
  await expect(store.put("k", Buffer.from("ours"))).rejects.toEqual(code("object-exists"));
});

test("an error that a retry cannot mend is thrown at once", async () => {
  const faulty = faultyStore(memoryStore(), () => undefined);
  await expect(withRetry(faulty, quick).get("no")).rejects.toEqual(code("object-missing"));
  expect(faulty.calls()).toBe(1);
});

test("a list that fails midway is taken up again without repeats", async () => {
  const inner = memoryStore();
  for (let n = 0; n < 10; n++) await inner.put(`l/${n}`, Buffer.from("x"));
  const store = withRetry(faultyStore(inner, once(0, { kind: "truncate" })), quick);
  expect((await collect(store.list("l/"))).map((o) => o.key)).toHaveLength(10);
});
