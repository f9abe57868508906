import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, MusterError } from "@muster/core";
import { createStore, openDeletableStore, openStore, sharedAddress } from "@muster/object-store";
import { initCopy, initRepository, openRepository, type Unlock, unlockFromText } from "@muster/repository";
import type { Config, RepositoryPlace } from "../config.ts";
import type { OpenedRepository, Repositories } from "../context.ts";
import { guardKeyFile, makeKeyFile, readKeyFile } from "./key-file.ts";

/**
 * The repositories of the configuration; each is opened when it is first needed, and tried again after a failure. `vault` is
 * `host:port` of the vault as agents reach it.
 */
export function createRepositories(config: Config, vault: () => string | undefined): Repositories {
  const opened = new Map<string, Promise<OpenedRepository>>();
  const placeOf = (name: string): RepositoryPlace => {
    const place = config.repositories[name];
    if (place !== undefined) return place;
    const known = Object.keys(config.repositories).join(", ") || "none";
    throw new MusterError("not-found", `there is no repository ${name}`, { hint: `Known: ${known}` });
  };
  const open = (name: string): Promise<OpenedRepository> => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const opening = openPlace(name, placeOf(name));
    opened.set(name, opening);
    opening.catch(() => opened.delete(name));
    return opening;
  };
  return {
    names: () => Object.keys(config.repositories),
    url(name) {
      const { url, inVault } = placeOf(name);
      if (inVault !== true) return sharedAddress(url); // agents know their own files
      return `vault://${vault() ?? "unknown"}/${name}`;
    },
    open,
    async openForSweep(name) {
      const { url, caFile, sweep } = placeOf(name);
      if (sweep === undefined) throw sweepOff(name);
      const { credentialsFile, profile } = sweep;
      const store = await openDeletableStore(url, { caFile, credentialsFile, profile });
      return { repository: await open(name), store, settings: sweep };
    },
  };
}

function sweepOff(name: string): MusterError {
  return new MusterError("config-invalid", `nothing is deleted in the repository ${name}: it has no sweep`, {
    hint: "Set repositories.NAME.sweep in the control plane's configuration; see docs/repositories.md.",
  });
}

async function openPlace(name: string, place: RepositoryPlace): Promise<OpenedRepository> {
  const store = await openStore(place.url, place);
  const repository = await openRepository(store, await unlockOf(name, place));
  return { ...repository, store, freeSpace: async () => store.freeSpace?.() };
}

/** What opens a repository of the configuration: its key file, or the key service. Throws `repository-key-wrong`. */
export async function unlockOf(name: string, { keyFile, kmsKey }: RepositoryPlace): Promise<Unlock> {
  if (kmsKey !== undefined) return { kms: true };
  const text = await readKeyFile(keyFile);
  if (text === undefined) {
    throw new MusterError("repository-key-wrong", `the key file ${keyFile} of the repository ${name} is missing`, {
      hint: "Put the copy of the key back that was kept elsewhere; without it the repository cannot be read.",
    });
  }
  return unlockFromText(text);
}

/**
 * Makes the repositories that were never made before, each with its key. One that was made and is missing now is left
 * missing: its disk may not be mounted. A failure does not stop the control plane, which has other work; it is logged.
 */
export async function prepareRepositories(config: Config, log: Logger): Promise<void> {
  // A copy gets the keys of what it copies, so that one is made first.
  const places = Object.entries(config.repositories);
  for (const [name, place] of places.toSorted(([, a], [, b]) => Number(isCopy(a)) - Number(isCopy(b)))) {
    try {
      await prepare(config, name, place, log);
    } catch (error) {
      log.error({ err: error, repository: name, url: place.url }, "this repository cannot be used now");
    }
  }
}

const isCopy = ({ copyOf }: RepositoryPlace): boolean => copyOf !== undefined;

async function prepare(config: Config, name: string, place: RepositoryPlace, log: Logger): Promise<void> {
  const marker = join(config.dataDirectory, "repositories", `${name}.json`);
  const passphrase = place.kmsKey === undefined ? await readKeyFile(place.keyFile) : undefined;
  if (passphrase !== undefined) await guardKeyFile(place.keyFile, log);
  const original = place.copyOf === undefined ? undefined : config.repositories[place.copyOf];
  if (existsSync(marker)) return void (await openPlace(name, place));
  const id =
    original === undefined
      ? await makeOrOpen(name, place, passphrase, log)
      : await initCopy(await openStore(original.url, original), await createStore(place.url, place));
  await mkdir(join(config.dataDirectory, "repositories"), { recursive: true, mode: 0o700 });
  await writeFile(marker, `${JSON.stringify({ name, url: place.url, id })}\n`, { mode: 0o600 });
}

/** A crash after the key was made leaves a key without a repository; the next start makes the repository with it. */
async function makeOrOpen(name: string, place: RepositoryPlace, key: string | undefined, log: Logger): Promise<string> {
  const store = await createStore(place.url, place);
  const there = (await store.head("repository.json")) !== undefined;
  if (there) return (await openPlace(name, place)).id;
  if (place.kmsKey !== undefined) return (await initRepository(store, { kmsKey: place.kmsKey })).id;
  const given = unlockFromText(key ?? (await makeKeyFile(place.keyFile)));
  if (!("passphrase" in given)) throw privateKeyAlone(place.keyFile);
  const { id } = await initRepository(store, given);
  log.warn(
    { repository: name, url: place.url, keyFile: place.keyFile },
    "a repository was made. KEEP A COPY OF ITS KEY FILE ELSEWHERE: without it nothing in the repository can be read",
  );
  return id;
}

function privateKeyAlone(keyFile: string): MusterError {
  return new MusterError(
    "config-invalid",
    `${keyFile} holds a private key, and there is no repository that it opens yet`,
    {
      hint: "Make the repository with a passphrase (leave the key file out), then add the public key and put this file in its place.",
    },
  );
}
