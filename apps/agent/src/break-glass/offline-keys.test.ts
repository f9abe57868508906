import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileStore } from "@muster/object-store";
import { initRepository } from "@muster/repository";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addOfflineKey, checkKey, describeKeys, generateKey } from "./offline-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-keys-"));
const repository = join(folder, "repository");
const main = join(folder, "main.key");
const safe = join(folder, "safe.key");

beforeAll(async () => {
  writeFileSync(main, "a passphrase\n");
  await initRepository(await createFileStore(repository), { passphrase: "a passphrase" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("makes a private key that only its owner reads, and never writes over one", async () => {
  const publicKey = await generateKey(safe);
  expect(publicKey).toMatch(/^muster-public-[0-9a-z]{58}$/);
  expect(statSync(safe).mode & 0o777).toBe(0o600);
  expect(readFileSync(safe, "utf8")).toContain(publicKey);
  const before = readFileSync(safe, "utf8");
  await expect(generateKey(safe)).rejects.toMatchObject({ code: "conflict" });
  expect(readFileSync(safe, "utf8")).toBe(before);
});

it("adds the key beside the others, after which it opens the repository", async () => {
  const publicKey = /muster-public-\S+/.exec(readFileSync(safe, "utf8"))?.[0] ?? "";
  await expect(checkKey(repository, safe)).rejects.toMatchObject({ code: "repository-key-wrong" });
  const added = await addOfflineKey({ repository, key: main, publicKey, label: "safe in Oslo" });
  const id = added.replace("added the key ", "");
  expect(await checkKey(repository, safe)).toContain(id);
  const listed = await describeKeys(repository);
  expect(listed).toHaveLength(2);
  expect(listed[1]).toMatch(new RegExp(`^${id} {2}x25519 {2}.* {2}safe in Oslo {2}${publicKey}$`));
});

it("takes one new key at a time, and names a file that it cannot read", async () => {
  await expect(addOfflineKey({ repository, key: main })).rejects.toMatchObject({ code: "usage" });
  const two = { repository, key: main, publicKey: "x", kmsKey: "y" };
  await expect(addOfflineKey(two)).rejects.toMatchObject({ code: "usage" });
  await expect(checkKey(repository, join(folder, "none"))).rejects.toMatchObject({ code: "secret-missing" });
});
