import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, silentLogger } from "@muster/core";
import { type ManualClock, manualClock } from "@muster/core/testing";
import { type ObjectStore, openStore, type VaultIdentity } from "@muster/object-store";
import { planSchema } from "@muster/recovery";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { Config } from "../../config.ts";
import { upsertHost } from "../../hosts/store.ts";
import { insertPlanVersion } from "../../plans/store.ts";
import { algorithm, privateKeyPem } from "../../rpc/keys.ts";
import { type RunningControlPlane, startControlPlane } from "../../start.ts";
import { testConfig } from "../../testing/index.ts";

/** A control plane that serves a vault, with hosts whose certificates the test holds. */
export interface VaultSite {
  readonly running: RunningControlPlane;
  readonly clock: ManualClock;
  /** The folder of the repository `main` of the vault. */
  readonly folder: string;
  /** `host:port` of the vault. */
  readonly address: string;
  /** Enrols a host, anew if need be, and gives its certificate. */
  enrol(host: string): Promise<VaultIdentity>;
  /** Opens the repository `main` as its client does. */
  open(identity: VaultIdentity, address?: string): Promise<ObjectStore>;
  stop(): Promise<void>;
}

/** `services` names the host of each service; every one has a source and goes to the repository `main`. */
export async function startVaultSite(
  services: Readonly<Record<string, string>>,
  vault: Partial<Config["vault"]> = {},
): Promise<VaultSite> {
  const data = mkdtempSync(join(tmpdir(), "muster-vault-"));
  const folder = join(data, "vault", "main");
  const clock = manualClock(Date.now());
  const repositories = { main: { url: folder, keyFile: join(data, "main.key"), inVault: true } };
  const config = testConfig(data, { repositories, vault: { port: 0, keepFree: 0, ...vault } });
  const running = await startControlPlane(config, { clock, log: silentLogger });
  const { cp } = running;
  const address = running.endpoints.vault ?? "";
  await applyServices(running, services, clock.now());
  return {
    ...{ running, clock, folder, address },
    async enrol(host) {
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const request = await Pkcs10CertificateRequestGenerator.create({
        name: "CN=x",
        keys,
        signingAlgorithm: algorithm,
      });
      const signed = await signFor(running, host, new Uint8Array(request.rawData));
      const privateKey = await privateKeyPem(keys.privateKey);
      return { certificate: signed, privateKey, caCertificate: cp.identity.caCertificate };
    },
    open: (identity, place = address) => openStore(`vault://${place}/main`, { vaultIdentity: () => identity }),
    async stop() {
      await running.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function signFor({ cp }: RunningControlPlane, host: string, request: Uint8Array): Promise<string> {
  const { certificate, fingerprint, notAfter } = await cp.identity.signAgent(host, request);
  await upsertHost(cp.db, {
    id: newId("host"),
    name: host,
    certificateFingerprint: fingerprint,
    certificateExpiresAt: notAfter,
    enrolledAt: new Date(cp.clock.now()),
    agentVersion: "test",
  });
  return certificate;
}

async function applyServices({ cp }: RunningControlPlane, services: Readonly<Record<string, string>>, now: number) {
  const model = planSchema.parse({
    version: 1,
    name: "vault",
    timezone: "UTC",
    services: Object.fromEntries(
      Object.entries(services).map(([name, host]) => [name, { tier: 1, host, sources: { data: {} } }]),
    ),
  });
  await insertPlanVersion(cp.db, {
    ...{ name: model.name, version: 1, hash: "plan-hash", files: [], model },
    ...{ appliedAt: new Date(now), appliedBy: "user:test", forcedReason: null },
  });
}
