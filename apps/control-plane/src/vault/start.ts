import { type Logger, sleep } from "@muster/core";
import type { ControlPlane } from "../context.ts";
import type { Authority } from "../rpc/authority.ts";
import { makeServerCertificate } from "../rpc/server-certificate.ts";
import { createCallers } from "./callers.ts";
import { createLimits } from "./limits.ts";
import { listenForVault, type VaultListener } from "./listen.ts";
import { createVaultRepositories, type VaultRepositories } from "./repositories.ts";

/** How often what crashes have left is removed, in milliseconds. */
const tidyInterval = 3_600_000;

/** Serves the repositories of the configuration that lie in the vault; undefined when none does. Throws `port-in-use`. */
export async function startVault(cp: ControlPlane, authority: Authority): Promise<VaultListener | undefined> {
  const { config, clock, log } = cp;
  if (!Object.values(config.repositories).some(({ inVault }) => inVault)) return undefined;
  const certificate = await makeServerCertificate(authority, config, clock);
  const callers = createCallers(cp);
  const repositories = createVaultRepositories(config, clock);
  const listener = await listenForVault(
    { callers, repositories, limits: createLimits(), clock, log },
    { ...certificate, authority: authority.pem },
    { host: config.grpc.host, port: config.vault.port },
  );
  const stopped = new AbortController();
  const tidying = keepTidy(repositories, log, stopped.signal);
  return {
    port: listener.port,
    async close() {
      stopped.abort();
      callers.close();
      await Promise.all([listener.close(), tidying]);
    },
  };
}

async function keepTidy(repositories: VaultRepositories, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(tidyInterval, signal).catch(() => undefined); // the loop's condition tells an abort
    if (signal.aborted) return;
    await repositories.tidy().catch((err: unknown) => log.error({ err }, "the vault could not be tidied"));
  }
}
