import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { newId } from "@muster/core";
import { openStore, type VaultIdentity } from "@muster/object-store";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertCommand, markFinished } from "../commands/store.ts";
import { revokeHost } from "../hosts/revoke.ts";
import { openAuthority } from "../rpc/authority.ts";
import { issueServerCertificate, signAgentRequest } from "../rpc/certificates.ts";
import { algorithm, privateKeyPem } from "../rpc/keys.ts";
import { rawRequest } from "./testing/raw-request.ts";
import { startVaultSite, type VaultSite } from "./testing/vault-site.ts";

let site: VaultSite;
const elsewhere = mkdtempSync(join(tmpdir(), "muster-other-authority-"));
beforeAll(async () => {
  site = await startVaultSite({ shop: "app-1", bank: "db-1" });
});
afterAll(async () => {
  await site.stop();
  rmSync(elsewhere, { recursive: true });
});

const space = { head: ["GET /v1/main/space HTTP/1.1"] };
const hour = 3_600_000;

/** A certificate for a host signed with the authority in a data folder, good until then (milliseconds). */
async function signedBy(data: string, host: string, until: number): Promise<VaultIdentity> {
  const now = Date.now();
  const authority = await openAuthority(data, now);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: algorithm });
  const begin = Math.min(now, until - hour);
  const asked = { host, now: begin, lifeMs: until - begin };
  const { certificate } = await signAgentRequest(authority, new Uint8Array(request.rawData), asked);
  return {
    certificate,
    privateKey: await privateKeyPem(keys.privateKey),
    caCertificate: site.running.cp.identity.caCertificate,
  };
}

describe("the vault lets nobody in", () => {
  const data = (): string => dirname(dirname(site.folder));
  const shown = (identity: Partial<VaultIdentity>) =>
    rawRequest(site.address, { caCertificate: site.running.cp.identity.caCertificate, ...identity }, space);

  test("without a certificate, without TLS, or with one of another authority for the same host", async () => {
    await site.enrol("app-1");
    expect((await shown({})).status).toBe(0);
    expect((await shown(await signedBy(elsewhere, "app-1", Date.now() + hour))).status).toBe(0);
    await expect(fetch(`http://${site.address}/v1/main/space`)).rejects.toThrow();
  });

  test("with a certificate that has expired", async () => {
    expect((await shown(await signedBy(data(), "app-1", Date.now() - 1000))).status).toBe(0);
  });

  test("with the certificate of a server, or one that no host was given", async () => {
    const authority = await openAuthority(data(), Date.now());
    const { key, chain } = await issueServerCertificate(authority, { names: ["app-1"], now: Date.now(), lifeMs: hour });
    expect((await shown({ privateKey: key, certificate: chain })).status).toBe(0);
    const stray = await shown(await signedBy(data(), "app-1", Date.now() + hour));
    expect(stray).toMatchObject({ status: 403 });
    expect(JSON.parse(stray.body)).toMatchObject({ code: "certificate-revoked" });
  });

  test("whose host was revoked, on the connection that it has", async () => {
    const store = await site.open(await site.enrol("app-1"));
    await store.put("shop/packs/aa/before", Buffer.from("x"));
    await revokeHost(site.running.cp, "app-1", "user:test", "stolen");
    await expect(store.get("shop/packs/aa/before")).rejects.toMatchObject({ code: "certificate-revoked" });
    await expect(store.put("shop/packs/aa/after", Buffer.from("x"))).rejects.toMatchObject({
      code: "certificate-revoked",
    });
    expect(await (await site.open(await site.enrol("app-1"))).head("shop/packs/aa/after")).toBeUndefined();
  });

  test("whose certificate ends while the connection is open, and tells the agent so", async () => {
    const store = await site.open(await site.enrol("app-1"));
    await store.put("shop/packs/aa/in-time", Buffer.from("x"));
    const late = 2 * 86_400_000;
    site.clock.advance(late);
    await expect(store.get("shop/packs/aa/in-time")).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("expired at"),
    });
    site.clock.advance(-late);
  });
});

describe("a host's access", () => {
  test("moves with its certificate to the renewed one, in the middle of a job", async () => {
    let identity = await site.enrol("app-1");
    const store = await openStore(`vault://${site.address}/main`, { vaultIdentity: () => identity });
    await store.put("shop/packs/aa/old", Buffer.from("x"));
    identity = await site.enrol("app-1"); // the one before is void now
    await store.put("shop/packs/aa/renewed", Buffer.from("y"));
    expect(await store.head("shop/packs/aa/renewed")).toMatchObject({ size: 1 });
  });

  test("to another host's service is to read it, while a recovery onto it runs, and no longer", async () => {
    const { cp } = site.running;
    await (await site.open(await site.enrol("db-1"))).put("bank/packs/aa/data", Buffer.from("x"));
    const store = await site.open(await site.enrol("app-1"));
    const refused = { code: "forbidden", message: expect.stringContaining("app-1 may not") };
    await expect(store.get("bank/packs/aa/data")).rejects.toMatchObject(refused);
    const command = { id: newId("rec"), attempt: 1 };
    const now = new Date(cp.clock.now());
    await insertCommand(cp.db, {
      ...{ ...command, host: "app-1", target: "source/data", epoch: 1, owner: "recovery", ownerId: "rec", payload: {} },
      ...{ grantRepository: "main", grantDomain: "bank", state: "running", timeoutMs: hour, createdAt: now },
      deadlineAt: new Date(now.getTime() + hour),
    });
    expect(Buffer.from(await store.get("bank/packs/aa/data")).toString()).toBe("x");
    await expect(store.put("bank/packs/aa/evil", Buffer.from("y"))).rejects.toMatchObject(refused);
    await markFinished(cp.db, command, "app-1", now, {});
    cp.events.publish({ type: "host", subject: "app-1", data: {} }); // what is remembered is forgotten
    await expect(store.get("bank/packs/aa/data")).rejects.toMatchObject(refused);
  });
});
