import { MusterError, systemClock, throwIfAborted } from "@muster/core";
import { checkKey, checkPrefix } from "../keys.ts";
import type { CallOptions, ObjectInfo, ObjectStore } from "../port.ts";
import { connectVault, type VaultConnection, type VaultOptions } from "./connection.ts";
import { wrongAnswer } from "./errors.ts";
import type { VaultIdentity } from "./identity.ts";
import { listObjects } from "./list.ts";
import type { VaultLocation } from "./location.ts";
import { putObject } from "./put.ts";
import { readRange, readWhole } from "./read.ts";

const defaults: VaultOptions = {
  clock: systemClock,
  attempts: 8,
  backoff: { initial: 250, max: 15_000 },
  idle: 60_000,
};

/**
 * A repository in the vault of a control plane, seen with an agent's certificate: it reads and adds, the server lets it do
 * nothing else. Nothing is asked before the first call. `identity` is asked again when the server refuses the certificate.
 */
export function openVaultStore(
  location: VaultLocation,
  identity: () => VaultIdentity,
  options: Partial<VaultOptions> = {},
): ObjectStore {
  const vault = connectVault(location, identity, { ...defaults, ...options });
  const check = (key: string, call: CallOptions | undefined): void => {
    checkKey(key);
    throwIfAborted(call?.signal);
  };
  return {
    description: `vault ${location.host}:${location.port}, repository ${location.repository}`,
    async put(key, bytes, call) {
      check(key, call);
      await putObject(vault, key, bytes, call?.signal);
    },
    async get(key, call) {
      check(key, call);
      const reading = { key, signal: call?.signal, memory: call?.memory };
      return call?.range === undefined ? readWhole(vault, reading) : readRange(vault, reading, call.range);
    },
    async head(key, call) {
      check(key, call);
      return readInfo(vault, key, call?.signal);
    },
    async *list(prefix, call) {
      checkPrefix(prefix);
      throwIfAborted(call?.signal);
      yield* listObjects(vault, prefix, call?.signal);
    },
    freeSpace: () => readSpace(vault),
  };
}

async function readInfo(
  vault: VaultConnection,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Omit<ObjectInfo, "key"> | undefined> {
  const what = `look at ${key}`;
  try {
    const info = await vault.call({ what, signal }, { resource: "info", key }, (answer) => readJson(answer, what));
    return { size: numberOf(info.size, what), modified: numberOf(info.modified, what) };
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-missing") return undefined;
    throw thrown;
  }
}

async function readSpace(vault: VaultConnection): Promise<number | undefined> {
  const what = "ask for the free space";
  const call = { what, signal: undefined };
  const { free } = await vault.call(call, { resource: "space" }, (answer) => readJson(answer, what));
  return numberOf(free, what);
}

async function readJson(answer: AsyncIterable<Buffer>, what: string): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // told below
  }
  throw wrongAnswer(what, "it is no JSON object");
}

function numberOf(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrongAnswer(what, `${JSON.stringify(value)} is no number of it`);
}
