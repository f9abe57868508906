import { describe, expect, test } from "vitest";
import { alignedBuffer, memoryFor } from "../memory.ts";
import type { ObjectStore } from "../port.ts";
import { collect } from "./collect.ts";

const text = (value: string) => Buffer.from(value);
const code = (expected: string) => expect.objectContaining({ code: expected });

/** What every object store must do; call it in a test file with a maker of empty stores. */
export function objectStoreContract(name: string, makeStore: () => Promise<ObjectStore>): void {
  describe(`${name} keeps the contract of an object store`, () => {
    writing(makeStore);
    reading(makeStore);
    listing(makeStore);
    keys(makeStore);
  });
}

function writing(makeStore: () => Promise<ObjectStore>): void {
  test("joins the parts of a put in order", async () => {
    const store = await makeStore();
    await store.put("a/b/c", [text("one"), text(""), text("two")]);
    expect(Buffer.from(await store.get("a/b/c")).toString()).toBe("onetwo");
  });

  test("keeps an empty object", async () => {
    const store = await makeStore();
    await store.put("empty", []);
    expect((await store.get("empty")).byteLength).toBe(0);
    expect((await store.head("empty"))?.size).toBe(0);
  });

  test("never overwrites", async () => {
    const store = await makeStore();
    await store.put("k", text("first"));
    await expect(store.put("k", text("second"))).rejects.toEqual(code("object-exists"));
    expect(Buffer.from(await store.get("k")).toString()).toBe("first");
  });

  test("lets exactly one of many writers of a key win, whole", async () => {
    const store = await makeStore();
    const writers = Array.from({ length: 8 }, (_, n) => Buffer.alloc(70_000, n));
    const results = await Promise.allSettled(writers.map((bytes) => store.put("race/k", bytes)));
    expect(results.filter((r) => r.status === "fulfilled")).toHaveLength(1);
    const winner = results.findIndex((r) => r.status === "fulfilled");
    expect(writers[winner]?.equals(await store.get("race/k"))).toBe(true);
  });

  test("does nothing for a call that is cancelled before it starts", async () => {
    const store = await makeStore();
    const signal = AbortSignal.abort();
    await expect(store.put("k", text("x"), { signal })).rejects.toEqual(code("cancelled"));
    expect(await store.head("k")).toBeUndefined();
  });
}

function reading(makeStore: () => Promise<ObjectStore>): void {
  test("reads ranges exactly", async () => {
    const store = await makeStore();
    await store.put("k", text("0123456789"));
    const range = async (offset: number, length: number) =>
      Buffer.from(await store.get("k", { range: { offset, length } })).toString();
    expect(await range(0, 3)).toBe("012");
    expect(await range(7, 3)).toBe("789");
    expect(await range(4, 0)).toBe("");
  });

  test("keeps what is in aligned memory, and reads any range of it into such memory", async () => {
    const store = await makeStore();
    const bytes = alignedBuffer(700_001);
    for (let at = 0; at < bytes.length; at += 7) bytes.writeUInt8(at % 251, at);
    await store.put("k", [bytes, text("tail")]);
    expect(Buffer.from(await store.get("k")).equals(Buffer.concat([bytes, text("tail")]))).toBe(true);
    const memory = alignedBuffer(memoryFor(600_000));
    for (const [offset, length] of [
      [0, 600_000],
      [4096, 500_000],
      [100_003, 599_998],
      [5, 10],
    ] as const) {
      const got = await store.get("k", { range: { offset, length }, memory });
      expect(bytes.subarray(offset, offset + length).equals(got), `${length} bytes from ${offset}`).toBe(true);
    }
    const beyond = { offset: 200_000, length: 600_000 };
    await expect(store.get("k", { range: beyond, memory })).rejects.toEqual(code("repository-corrupt"));
    await expect(store.get("no", { range: beyond, memory })).rejects.toEqual(code("object-missing"));
  });

  test("calls a range beyond the end an error, never a short answer", async () => {
    const store = await makeStore();
    await store.put("k", text("0123456789"));
    await expect(store.get("k", { range: { offset: 8, length: 3 } })).rejects.toEqual(code("repository-corrupt"));
    await expect(store.get("k", { range: { offset: 20, length: 1 } })).rejects.toEqual(code("repository-corrupt"));
  });

  test("tells a missing object from an empty one", async () => {
    const store = await makeStore();
    await expect(store.get("no")).rejects.toEqual(code("object-missing"));
    expect(await store.head("no")).toBeUndefined();
  });

  test("tells size and time", async () => {
    const store = await makeStore();
    await store.put("k", Buffer.alloc(12_345));
    const info = await store.head("k");
    expect(info?.size).toBe(12_345);
    expect(Number.isInteger(info?.modified)).toBe(true);
  });
}

function listing(makeStore: () => Promise<ObjectStore>): void {
  test("lists what starts with the prefix and nothing else", async () => {
    const store = await makeStore();
    for (const key of ["p/1", "p/2/x", "p.q", "pq/1", "z"]) await store.put(key, text(key));
    const under = async (prefix: string) => (await collect(store.list(prefix))).map((o) => o.key).sort();
    expect(await under("p/")).toEqual(["p/1", "p/2/x"]);
    expect(await under("p/2/")).toEqual(["p/2/x"]);
    expect(await under("p")).toEqual(["p.q", "p/1", "p/2/x", "pq/1"]);
    expect(await under("")).toEqual(["p.q", "p/1", "p/2/x", "pq/1", "z"]);
    expect(await under("none/")).toEqual([]);
  });

  test("lists sizes", async () => {
    const store = await makeStore();
    await store.put("s/k", Buffer.alloc(77));
    expect((await collect(store.list("s/")))[0]).toMatchObject({ key: "s/k", size: 77 });
  });
}

function keys(makeStore: () => Promise<ObjectStore>): void {
  test.each([
    "",
    "/abs",
    "../up",
    "a/../b",
    "a//b",
    "a/",
    ".hidden",
    "a/.b",
    "nul\0",
    "line\n",
    "sp ace",
    "x".repeat(513),
  ])("refuses the key %j", async (key) => {
    const store = await makeStore();
    await expect(store.put(key, text("x"))).rejects.toEqual(code("usage"));
    await expect(store.get(key)).rejects.toEqual(code("usage"));
    await expect(store.head(key)).rejects.toEqual(code("usage"));
  });

  test("refuses a prefix that climbs out", async () => {
    const store = await makeStore();
    await expect(collect(store.list("../"))).rejects.toEqual(code("usage"));
  });
}
