import { open } from "node:fs/promises";
import { MusterError, systemErrorCode } from "@muster/core";
import { openStore } from "@muster/object-store";
import { addKey, type KeyHolder, listKeys, newKeyPair, whichKey } from "@muster/repository";
import { readSecretFile, unlockOf } from "./unlock.ts";

export interface AddOptions {
  readonly repository: string;
  readonly key: string;
  readonly publicKey?: string;
  readonly passphraseFile?: string;
  readonly kmsKey?: string;
  readonly label?: string;
}

/** Writes a new private key to a new file, durably; gives the public key. Throws `conflict` for a file that is there. */
export async function generateKey(path: string): Promise<string> {
  const { publicKey, privateKey } = newKeyPair();
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    if (systemErrorCode(cause) !== "EEXIST") throw cause;
    throw new MusterError("conflict", `${path} is there already; a key is never written over`, { cause });
  });
  try {
    await file.writeFile(
      `# Private key for a Muster repository. Whoever has it can read the repository.\n# ${publicKey}\n${privateKey}\n`,
    );
    await file.sync();
  } finally {
    await file.close();
  }
  return publicKey;
}

/** One line for each key. */
export async function describeKeys(repository: string): Promise<string[]> {
  const keys = await listKeys(await openStore(repository));
  return keys.map(({ id, method, whole, addedAt, label, holder }) =>
    [id, whole ? method : "damaged", new Date(addedAt).toISOString(), label ?? "", holder ?? ""].join("  ").trimEnd(),
  );
}

/** Opens the repository, and says by which of its keys. */
export async function checkKey(repository: string, key: string): Promise<string> {
  return `it opens the repository, as the key ${await whichKey(await openStore(repository), unlockOf(key))}`;
}

/** Adds a key; says which. Throws `usage` unless exactly one kind of key is given. */
export async function addOfflineKey(options: AddOptions): Promise<string> {
  const holder = holderOf(options);
  const { label } = options;
  const id = await addKey(await openStore(options.repository), unlockOf(options.key), holder, { label });
  return `added the key ${id}`;
}

function holderOf({ publicKey, passphraseFile, kmsKey }: AddOptions): KeyHolder {
  const given: KeyHolder[] = [
    ...(publicKey === undefined ? [] : [{ publicKey }]),
    ...(passphraseFile === undefined ? [] : [{ passphrase: readSecretFile(passphraseFile).trim() }]),
    ...(kmsKey === undefined ? [] : [{ kmsKey }]),
  ];
  const [holder] = given;
  if (holder !== undefined && given.length === 1) return holder;
  throw new MusterError("usage", "name one new key: --public-key, --passphrase-file or --kms-key");
}
