import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openFileStore } from "@muster/object-store";
import { type MemoryStore, memoryStore } from "@muster/object-store/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  addKey,
  initRepository,
  listKeys,
  newKeyPair,
  openRepository,
  publicKeyOf,
  removeKey,
  unlockFromText,
  whichKey,
} from "../index.ts";
import { goldenPassphrase } from "../testing/golden.ts";
import { type KeyService, startKeyService } from "../testing/index.ts";
import { jsonObject } from "./key-file.ts";
import { wrapKey } from "./wrap-key.ts";

const first = { passphrase: "the first" };
const clock = { now: () => 1_700_000_000_000 };

async function repository(): Promise<MemoryStore> {
  const store = memoryStore();
  await initRepository(store, first);
  return store;
}

const grantOf = async (store: MemoryStore, given: Parameters<typeof openRepository>[1]) =>
  (await openRepository(store, given)).grant("shop").key;

describe("a repository's keys", () => {
  it("open the same data, each by its own means, and are listed without a secret", async () => {
    const store = await repository();
    const { publicKey, privateKey } = newKeyPair();
    await addKey(store, first, { publicKey }, { label: "safe in Oslo", clock });
    await addKey(store, { privateKey }, { passphrase: "ÅÄÖ second" });
    const same = await grantOf(store, first);
    expect(await grantOf(store, { privateKey })).toBe(same);
    expect(await grantOf(store, { passphrase: "A\u030AA\u0308O\u0308 second" })).toBe(same);
    expect(await listKeys(store)).toMatchObject([
      { method: "passphrase", whole: true },
      { method: "x25519", label: "safe in Oslo", holder: publicKey },
      { method: "passphrase" },
    ]);
    const all = [...store.objects.values()].join("\n");
    expect(all).not.toContain(privateKey.slice(20, 26));
  });

  it("are never overwritten: each is an object of its own", async () => {
    const store = await repository();
    const before = new Map(store.objects);
    await addKey(store, first, { passphrase: "second" });
    for (const [key, bytes] of before) expect(store.objects.get(key)).toBe(bytes);
  });

  it("do not open for another's private key or a wrong passphrase", async () => {
    const store = await repository();
    await addKey(store, first, { publicKey: newKeyPair().publicKey });
    for (const wrong of [{ privateKey: newKeyPair().privateKey }, { passphrase: "wrong" }])
      await expect(openRepository(store, wrong)).rejects.toMatchObject({ code: "repository-key-wrong" });
  });

  it("go away only when another one was shown to work", async () => {
    const store = await repository();
    const [only] = await listKeys(store);
    await expect(removeKey(store, only?.id ?? "", first)).rejects.toMatchObject({ code: "conflict" });
    const { publicKey, privateKey } = newKeyPair();
    const second = await addKey(store, first, { publicKey });
    await expect(removeKey(store, second, { privateKey })).rejects.toMatchObject({ code: "conflict" });
    await expect(removeKey(store, "key_none", first)).rejects.toMatchObject({ code: "not-found" });
    await removeKey(store, only?.id ?? "", { privateKey });
    await expect(openRepository(store, first)).rejects.toMatchObject({ code: "repository-key-wrong" });
    expect(await whichKey(store, { privateKey })).toBe(second);
  });

  it("are still found beside a damaged one, and beside one of a later version", async () => {
    const store = await repository();
    store.objects.set("keys/a.json", Buffer.from("{"));
    store.objects.set("keys/b.json", Buffer.from('{"method": "oracle"}'));
    expect(await grantOf(store, first)).toHaveLength(43);
    expect((await listKeys(store)).filter(({ method }) => method === "unknown").map(({ whole }) => whole)).toEqual(
      expect.arrayContaining([false, true]),
    );
  });

  it("that an intruder wraps around a master key of their own are not taken", async () => {
    const store = await repository();
    const { publicKey, privateKey } = newKeyPair();
    const { id } = await openRepository(store, first);
    const forged = await wrapKey(Buffer.alloc(32, 7), id, { publicKey }, { clock });
    store.objects.set(`keys/${forged.id}.json`, jsonObject(forged));
    await expect(openRepository(store, { privateKey })).rejects.toMatchObject({ code: "repository-key-wrong" });
    await addKey(store, first, { publicKey });
    expect(await grantOf(store, { privateKey })).toBe(await grantOf(store, first));
  });

  it("can be added to a repository from before there were other methods, and are checked there too", async () => {
    const golden = await openFileStore(fileURLToPath(new URL("../testing/golden/v1", import.meta.url)));
    const store = memoryStore();
    for await (const { key } of golden.list("")) store.objects.set(key, Buffer.from(await golden.get(key)));
    const { publicKey, privateKey } = newKeyPair();
    const { id } = await openRepository(store, { passphrase: goldenPassphrase });
    const forged = await wrapKey(Buffer.alloc(32, 7), id, { publicKey }, { clock });
    store.objects.set(`keys/${forged.id}.json`, jsonObject(forged));
    await expect(openRepository(store, { privateKey })).rejects.toMatchObject({ code: "repository-key-wrong" });
    await addKey(store, { passphrase: goldenPassphrase }, { publicKey });
    const points = await (await openRepository(store, { privateKey })).domain("shop/größe").listPoints();
    expect(points.map((point) => point.id)).toEqual(["blocks", "tree"]);
  });
});

describe("a printed key", () => {
  it("is read however it was typed, and a slip is noticed without showing the key", async () => {
    const store = await repository();
    const { publicKey, privateKey } = newKeyPair();
    await addKey(store, first, { publicKey });
    const typed = privateKey
      .toLowerCase()
      .replaceAll("-", " ")
      .replace("muster secret ", "muster-secret-")
      .replaceAll("0", "O");
    expect(publicKeyOf(typed)).toBe(publicKey);
    expect(await grantOf(store, unlockFromText(`# made in a test\n${typed}\n`))).toBe(await grantOf(store, first));
    const slip = privateKey.slice(0, -1) + (privateKey.endsWith("A") ? "B" : "A");
    const mistyped = openRepository(store, { privateKey: slip });
    await expect(mistyped).rejects.toMatchObject({
      code: "usage",
      message: expect.not.stringContaining(slip.slice(14, 20)),
    });
    await expect(addKey(store, first, { publicKey: `${publicKey}0` })).rejects.toMatchObject({ code: "usage" });
    await expect(addKey(store, first, { publicKey: "age1xyz" })).rejects.toMatchObject({ code: "usage" });
  });
});

describe("a key of the key service", () => {
  let service: KeyService;
  beforeAll(async () => {
    service = await startKeyService();
    for (const [name, value] of Object.entries(service.environment)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await service.stop();
  });

  it("opens the repository, and says so when the service does not have it or is away", async () => {
    const arn = await service.createKey();
    const store = await repository();
    await addKey(store, first, { kmsKey: arn });
    expect(await grantOf(store, { kms: true })).toBe(await grantOf(store, first));
    expect((await listKeys(store))[1]).toMatchObject({ method: "kms", holder: arn });
    await using another = await startKeyService(); // which does not have the key
    vi.stubEnv("AWS_ENDPOINT_URL_KMS", another.environment.AWS_ENDPOINT_URL_KMS);
    await expect(openRepository(store, { kms: true })).rejects.toMatchObject({ code: "key-service-refused" });
    vi.stubEnv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1");
    await expect(openRepository(store, { kms: true })).rejects.toMatchObject({ code: "key-service-unavailable" });
    vi.stubEnv("AWS_ENDPOINT_URL_KMS", service.environment.AWS_ENDPOINT_URL_KMS);
  });

  it("may be the only one, and its ciphertext fits no other key file", async () => {
    const store = memoryStore();
    await initRepository(store, { kmsKey: await service.createKey() });
    expect(await grantOf(store, { kms: true })).toHaveLength(43);
    const [name = "", bytes] = [...store.objects].find(([key]) => key.startsWith("keys/")) ?? [];
    store.objects.delete(name);
    store.objects.set("keys/moved.json", jsonObject({ ...JSON.parse(String(bytes)), id: "moved" }));
    await expect(openRepository(store, { kms: true })).rejects.toMatchObject({ code: expect.stringMatching(/key/) });
  });
});

it("the key service's client is loaded only when it is used", () => {
  const script = `
    import { registerHooks } from "node:module";
    let loaded = 0;
    registerHooks({ load(url, context, next) { if (url.includes("client-kms")) loaded += 1; return next(url, context); } });
    const { initRepository } = await import(${JSON.stringify(fileURLToPath(new URL("../index.ts", import.meta.url)))});
    const store = { description: "m", head: async () => undefined, put: async () => undefined };
    await initRepository(store, { passphrase: "x" });
    console.log(loaded);
  `;
  const argv = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  expect(execFileSync(process.execPath, argv, { encoding: "utf8" }).trim()).toBe("0");
});
