import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { openStore } from "@muster/object-store";
import { type S3Site, startS3Site } from "@muster/object-store/testing";
import { addKey, newKeyPair, openRepository, unlockFromText } from "@muster/repository";
import { type KeyService, startKeyService } from "@muster/repository/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type TestControlPlane, testControlPlane } from "../../testing/index.ts";
import { prepareRepositories } from "../open.ts";
import { rotateOwnKey } from "./rotate.ts";

const url = "/api/v1/repositories/main/keys";
/** scrypt is slow by design; for a machine that has other things to do. */
const patience = { timeout: 180_000 };

async function prepared(): Promise<TestControlPlane> {
  const test = await testControlPlane();
  await prepareRepositories(test.cp.config, silentLogger);
  return test;
}

function placeOf({ cp }: TestControlPlane) {
  const place = cp.config.repositories.main;
  if (place === undefined) throw new Error("there is a repository main");
  return place;
}

const opens = async (test: TestControlPlane, text: string): Promise<boolean> =>
  openRepository(await openStore(placeOf(test).url), unlockFromText(text)).then(
    () => true,
    () => false,
  );

interface Key {
  readonly id: string;
  readonly own: boolean;
  readonly label?: string;
}
const keysOf = async (test: TestControlPlane): Promise<Key[]> => (await test.call("operator", url)).json().items;

const acts = async (test: TestControlPlane): Promise<string[]> => {
  const { items } = (await test.call("viewer", "/api/v1/audit")).json() as { items: { action: string }[] };
  return items.map(({ action }) => action).filter((action) => action.startsWith("key."));
};

it(
  "adds and removes keys over the API, as an admin, each in the audit trail, and no secret in it",
  patience,
  async () => {
    await using test = await prepared();
    const { publicKey, privateKey } = newKeyPair();
    expect((await test.call("operator", url, { publicKey })).statusCode).toBe(403);
    const added = await test.call("admin", url, { publicKey, label: "safe in Oslo" });
    expect(added.statusCode).toBe(201);
    const { id } = added.json() as { id: string };
    expect(await keysOf(test)).toMatchObject([
      { own: true },
      { id, own: false, label: "safe in Oslo", holder: publicKey },
    ]);
    expect(await opens(test, privateKey)).toBe(true);
    expect((await test.call("admin", url, { passphrase: "a second passphrase" })).statusCode).toBe(201);
    expect((await test.call("admin", url, { passphrase: "short" })).statusCode).toBe(400);
    expect((await test.call("admin", url, { publicKey, passphrase: "a second passphrase" })).statusCode).toBe(400);
    const headers = { authorization: `Bearer ${await test.token("admin")}` };
    const remove = (key: string) => test.app.inject({ method: "DELETE", url: `${url}/${key}`, headers });
    await remove(id);
    expect(await opens(test, privateKey)).toBe(false);
    const own = (await keysOf(test)).find((key) => key.own);
    expect((await remove(own?.id ?? "")).statusCode).toBe(409);
    expect(await acts(test)).toEqual(["key.failed", "key.remove", "key.remove", "key.add", "key.add"]);
    expect((await test.call("viewer", "/api/v1/audit")).body).not.toContain("a second passphrase");
  },
);

it("rotates the control plane's own key: the new file opens it, the old one no more", patience, async () => {
  await using test = await prepared();
  const { keyFile } = placeOf(test);
  const before = readFileSync(keyFile, "utf8");
  const rotated = await test.call("admin", `${url}/rotate`, {});
  expect(rotated.json()).toMatchObject({ removed: true });
  const after = readFileSync(keyFile, "utf8");
  expect(after).not.toBe(before);
  expect([await opens(test, before), await opens(test, after)]).toEqual([false, true]);
  expect(existsSync(`${keyFile}.next`)).toBe(false);
  expect(await keysOf(test)).toMatchObject([{ own: true, label: "control plane" }]);
});

it("keeps the old key when asked to", patience, async () => {
  await using test = await prepared();
  const { keyFile } = placeOf(test);
  const before = readFileSync(keyFile, "utf8");
  const kept = await rotateOwnKey(test.cp, { repository: "main", keepOld: true }, "user:ann");
  expect(kept).toMatchObject({ removed: false });
  expect([await opens(test, before), await opens(test, readFileSync(keyFile, "utf8"))]).toEqual([true, true]);
  expect(readFileSync(`${keyFile}.${kept.old}`, "utf8")).toBe(before);
});

it("goes on with a rotation that was cut off at any of its steps", patience, async () => {
  await using test = await prepared();
  const { keyFile, url: place } = placeOf(test);
  const before = readFileSync(keyFile, "utf8");
  writeFileSync(`${keyFile}.next`, "written before the crash\n");
  await rotateOwnKey(test.cp, { repository: "main", keepOld: false }, "user:ann");
  expect(readFileSync(keyFile, "utf8")).toBe("written before the crash\n");
  expect([await opens(test, before), await opens(test, "written before the crash")]).toEqual([false, true]);

  writeFileSync(`${keyFile}.next`, "added before the crash\n");
  await addKey(await openStore(place), unlockFromText(readFileSync(keyFile, "utf8")), {
    passphrase: "added before the crash",
  });
  const old = (await keysOf(test)).find(({ own }) => own)?.id ?? "";
  copyFileSync(keyFile, `${keyFile}.${old}`);
  await rotateOwnKey(test.cp, { repository: "main", keepOld: false }, "user:ann");
  expect(readFileSync(keyFile, "utf8")).toBe("added before the crash\n");
  expect(await keysOf(test)).toHaveLength(1);
});

describe("a repository whose key the key service has", patience, () => {
  let service: KeyService;
  beforeAll(async () => {
    service = await startKeyService();
    for (const [name, value] of Object.entries(service.environment)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await service.stop();
  });

  it("is made and opened without a key file, and takes further keys; its own is not rotated here", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-kms-"));
    const keyFile = join(folder, "none.key");
    const main = { url: join(folder, "repository"), keyFile, kmsKey: await service.createKey() };
    await using test = await testControlPlane({ config: { repositories: { main } } });
    await prepareRepositories(test.cp.config, silentLogger);
    expect((await test.cp.repositories.open("main")).id).not.toBe("");
    expect(existsSync(keyFile)).toBe(false);
    expect(await keysOf(test)).toMatchObject([{ own: true, method: "kms", holder: main.kmsKey }]);
    const { publicKey, privateKey } = newKeyPair();
    expect((await test.call("admin", url, { publicKey })).statusCode).toBe(201);
    const opened = openRepository(await openStore(main.url), { privateKey });
    expect((await opened).id).not.toBe("");
    expect((await test.call("admin", `${url}/rotate`, {})).statusCode).toBe(409);
    rmSync(folder, { recursive: true });
  });
});

describe("a store in which the control plane may not delete", patience, () => {
  let site: S3Site;
  beforeAll(async () => {
    site = await startS3Site();
  });
  afterAll(() => site.stop());

  it("keeps the old key after a rotation, which says so; the new one is in use", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-s3-keys-"));
    const main = { url: site.address(`${await site.makeBucket()}/prod`, "agent"), keyFile: join(folder, "main.key") };
    await using test = await testControlPlane({ config: { repositories: { main } } });
    await prepareRepositories(test.cp.config, silentLogger);
    const before = readFileSync(main.keyFile, "utf8");
    const rotated = await rotateOwnKey(test.cp, { repository: "main", keepOld: false }, "user:ann");
    expect(rotated).toMatchObject({ removed: false, reason: expect.stringMatching(/.{10}/) });
    expect(readFileSync(main.keyFile, "utf8")).not.toBe(before);
    const store = await openStore(main.url);
    for (const text of [before, readFileSync(main.keyFile, "utf8")])
      expect((await openRepository(store, unlockFromText(text))).id).not.toBe("");
    expect(readFileSync(`${main.keyFile}.${rotated.old}`, "utf8")).toBe(before);
    expect(await keysOf(test)).toMatchObject([{ own: false }, { own: true }]);
    rmSync(folder, { recursive: true });
  });
});
