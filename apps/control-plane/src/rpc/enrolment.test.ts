import "reflect-metadata";
import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { MusterError, silentLogger } from "@muster/core";
import { type ManualClock, manualClock } from "@muster/core/testing";
import { hosts } from "@muster/database";
import {
  CertificateService,
  createServiceClient,
  EnrolmentService,
  messageQueue,
  SessionService,
} from "@muster/protocol/grpc";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEnrolmentToken } from "../hosts/enrolment-token.ts";
import { revokeHost } from "../hosts/revoke.ts";
import { type RunningControlPlane, startControlPlane } from "../start.ts";
import { testConfig } from "../testing/index.ts";
import { algorithm, privateKeyPem } from "./keys.ts";

let running: RunningControlPlane;
let clock: ManualClock;
const folder = mkdtempSync(join(tmpdir(), "muster-enrolment-"));

beforeAll(async () => {
  clock = manualClock(Date.now());
  running = await startControlPlane(testConfig(folder), { clock, log: silentLogger });
});
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Agent {
  readonly key: string;
  readonly certificate: string;
}

async function signingRequest(curve: "P-256" | "P-384" = "P-256") {
  const kind = { ...algorithm, namedCurve: curve };
  const keys = await webcrypto.subtle.generateKey(kind, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({ name: "CN=anything", keys, signingAlgorithm: kind });
  return { key: await privateKeyPem(keys.privateKey), request: new Uint8Array(request.rawData) };
}

const authority = (): Buffer => Buffer.from(running.cp.identity.caCertificate);

async function newToken(host: string, lifeMs = 60_000): Promise<string> {
  const { token } = await createEnrolmentToken(running.cp, { host, lifeMs, actor: "user:test" });
  return JSON.parse(Buffer.from(token.slice("muster1.".length), "base64url").toString()).secret;
}

async function enrol(token: string, request: Uint8Array) {
  const client = createServiceClient(EnrolmentService, running.endpoints.enrol, credentials.createSsl(authority()));
  try {
    return await client.enrol({ token, signingRequest: request, agentVersion: "test" }, { timeout: 10_000 });
  } finally {
    client.close();
  }
}

async function enrolled(host: string): Promise<Agent> {
  const { key, request } = await signingRequest();
  return { key, certificate: (await enrol(await newToken(host), request)).certificate };
}

const mutual = ({ key, certificate }: Agent) =>
  credentials.createSsl(authority(), Buffer.from(key), Buffer.from(certificate));

/** Opens a session and gives the first message and the end of it. */
async function session(agent: Agent) {
  const client = createServiceClient(SessionService, running.endpoints.session, mutual(agent));
  const requests = messageQueue<{ message: { case: "hello"; value: { agentVersion: string } } }>();
  requests.push({ message: { case: "hello", value: { agentVersion: "test" } } });
  const stream = client.session(requests)[Symbol.asyncIterator]();
  const close = (): void => {
    requests.close();
    client.close();
  };
  try {
    const first = (await stream.next()).value;
    return { first, stream, close };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

async function renew(agent: Agent): Promise<Agent> {
  const { key, request } = await signingRequest();
  const client = createServiceClient(CertificateService, running.endpoints.session, mutual(agent));
  try {
    return { key, certificate: (await client.renew({ signingRequest: request }, { timeout: 10_000 })).certificate };
  } finally {
    client.close();
  }
}

describe("enrolment", () => {
  it("gives a certificate for the token's host that can do nothing but connect", async () => {
    const { request } = await signingRequest();
    const answer = await enrol(await newToken("db-1"), request);
    const certificate = new X509Certificate(answer.certificate);
    expect(answer.host).toBe("db-1");
    expect(certificate.subject).toBe("CN=db-1");
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(certificate.verify(new X509Certificate(answer.caCertificate).publicKey)).toBe(true);
    expect(new Date(certificate.validTo).getTime()).toBeLessThanOrEqual(clock.now() + 86_400_000);
  });

  it("takes each token once, and tells an expired one from an unknown one", async () => {
    const { request } = await signingRequest();
    const token = await newToken("once");
    await enrol(token, request);
    await expect(enrol(token, request)).rejects.toMatchObject({ code: "token-unknown" });
    await expect(enrol("made-up", request)).rejects.toMatchObject({ code: "token-unknown" });
    const expired = await newToken("late", 1000);
    clock.advance(1001);
    await expect(enrol(expired, request)).rejects.toMatchObject({ code: "token-expired" });
  });

  it("refuses what is no request for a P-256 key, and leaves the token usable", async () => {
    clock.advance(60_000); // the limit counts by the minute
    const token = await newToken("picky");
    await expect(enrol(token, new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: "request-invalid" });
    await expect(enrol(token, (await signingRequest("P-384")).request)).rejects.toMatchObject({
      code: "request-invalid",
    });
    const { request } = await signingRequest();
    const forged = Uint8Array.from(request);
    forged[forged.length - 4] = (forged[forged.length - 4] ?? 0) ^ 1;
    await expect(enrol(token, forged)).rejects.toMatchObject({ code: "request-invalid" });
    expect((await enrol(token, request)).host).toBe("picky");
  });

  it("slows down whoever guesses", async () => {
    clock.advance(60_000);
    const { request } = await signingRequest();
    const codes: string[] = [];
    for (let n = 0; n < 11; n++) await enrol("guess", request).catch((thrown: MusterError) => codes.push(thrown.code));
    expect(codes.at(-1)).toBe("rate-limited");
    clock.advance(60_000);
    expect((await enrol(await newToken("patient"), request)).host).toBe("patient");
  });

  it("shows the authority of the token's fingerprint in the server's chain", async () => {
    const [, port] = running.endpoints.enrol.split(":");
    const socket = connect({ host: "127.0.0.1", port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    const issuer = socket.getPeerCertificate(true).issuerCertificate.raw;
    socket.destroy();
    expect(createHash("sha256").update(issuer).digest("hex")).toBe(running.cp.identity.fingerprint);
  });
});

describe("an agent's certificate", () => {
  it("opens a session; none, or another authority's, does not", async () => {
    const { first, close } = await session(await enrolled("web-1"));
    expect(first).toMatchObject({ message: { case: "welcome" } });
    close();
    const bare = createServiceClient(SessionService, running.endpoints.session, credentials.createSsl(authority()));
    await expect(bare.session(messageQueue())[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(MusterError);
    bare.close();
  });

  it("is renewed; the old one is let in until the new one is used", async () => {
    const old = await enrolled("renewing");
    const next = await renew(old);
    (await session(old)).close();
    (await session(next)).close();
    await expect(session(old)).rejects.toMatchObject({ code: "certificate-revoked" });
    (await session(next)).close();
  });

  it("that was revoked ends its open session, and is refused from then on", async () => {
    const agent = await enrolled("stolen");
    const open = await session(agent);
    await revokeHost(running.cp, "stolen", "user:test", "it was stolen");
    const rest: unknown[] = [];
    for await (const message of { [Symbol.asyncIterator]: () => open.stream }) rest.push(message);
    expect(rest.at(-1)).toMatchObject({ message: { case: "goodbye", value: { code: "certificate-revoked" } } });
    open.close();
    await expect(session(agent)).rejects.toMatchObject({ code: "certificate-revoked" });
    await expect(renew(agent)).rejects.toMatchObject({ code: "certificate-revoked" });
  });

  it("is void once the host is enrolled anew", async () => {
    const old = await enrolled("twice");
    const fresh = await enrolled("twice");
    await expect(session(old)).rejects.toMatchObject({ code: "certificate-revoked" });
    (await session(fresh)).close();
    expect((await running.cp.db.select().from(hosts)).filter(({ name }) => name === "twice")).toHaveLength(1);
  });
});

describe("the data folder", () => {
  it("keeps its secrets from everybody else", () => {
    for (const file of ["authority.pem", "admin.token", "main.key"]) {
      expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
    }
    expect(Buffer.from(readFileSync(join(folder, "main.key"), "utf8").trim(), "base64url")).toHaveLength(32);
  });
});
