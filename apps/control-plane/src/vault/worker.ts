import { parentPort, workerData } from "node:worker_threads";
import { asMusterError, errorValue, fromErrorValue, MusterError, sleep, systemClock } from "@muster/core";
import { createLimits } from "./limits.ts";
import { listenForVault } from "./listen.ts";
import type { FromVault, ToVault, VaultSetup } from "./messages.ts";
import type { Permissions } from "./permission.ts";
import { createVaultRepositories, type VaultRepositories } from "./repositories.ts";
import type { VaultContext } from "./serve.ts";

/*
 * The thread of the vault. It has a heap of its own: what it moves costs the control plane neither its event loop nor
 * collections of its large heap. It asks the main thread who may do what.
 */

/** How often what crashes have left is removed, in milliseconds. */
const tidyInterval = 3_600_000;

const port = parentPort;
if (port === null) throw new MusterError("internal", "the vault was started outside its thread");
const tell = (message: FromVault): void => port.postMessage(message);
const asked = new Map<number, { resolve(permissions: Permissions): void; reject(error: MusterError): void }>();
let count = 0;

const authorize: VaultContext["authorize"] = (peer, request) => {
  const id = count++;
  const { promise, resolve, reject } = Promise.withResolvers<Permissions>();
  asked.set(id, { resolve, reject });
  tell({ kind: "ask", id, peer, request });
  return promise.finally(() => asked.delete(id));
};

async function run({ tls, folders, quotas, ...place }: VaultSetup): Promise<void> {
  const repositories = createVaultRepositories(folders, quotas, systemClock);
  const warn: VaultContext["warn"] = (warning) => tell({ kind: "warning", ...warning });
  const listener = await listenForVault({ authorize, repositories, limits: createLimits(), warn }, tls, place);
  const closing = new AbortController();
  port?.on("message", (message: ToVault) => {
    if (message.kind === "allowed") asked.get(message.id)?.resolve(message.permissions);
    else if (message.kind === "refused") asked.get(message.id)?.reject(fromErrorValue(message.error));
    else closing.abort();
  });
  tell({ kind: "listening", port: listener.port });
  await keepTidy(repositories, closing.signal);
  await listener.close();
  port?.close();
}

/** Until the signal aborts. */
async function keepTidy(repositories: VaultRepositories, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(tidyInterval, signal).catch(() => undefined); // the loop's condition tells an abort
    if (signal.aborted) return;
    await repositories.tidy().catch((thrown: unknown) => {
      const { code, message } = asMusterError(thrown);
      tell({ kind: "warning", peer: "", code, message: `what crashes have left could not be removed: ${message}` });
    });
  }
}

// From start.ts.
run(workerData as VaultSetup).catch((thrown: unknown) => {
  tell({ kind: "failed", error: errorValue(thrown) });
  port.close();
});
