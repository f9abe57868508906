import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { waitFor } from "@muster/core/testing";
import {
  type AgentMessageSchema,
  type Command,
  createServiceClient,
  EnrolmentService,
  type MessageInitShape,
  messageQueue,
  type ServerMessage,
  SessionService,
  timestampFromMs,
} from "@muster/protocol/grpc";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { afterEach, describe, expect, it } from "vitest";
import { algorithm, privateKeyPem } from "./rpc/keys.ts";
import type { Endpoints } from "./start.ts";
import { type ControlPlaneProcess, startProcess } from "./testing/index.ts";

const started: ControlPlaneProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const each of started.splice(0)) if (each.status() === undefined) await each.end("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-process-"));
  folders.push(folder);
  return folder;
}

const anyPort = ["--http-port", "0", "--session-port", "0", "--enrol-port", "0"];

function start(data: string, args: readonly string[] = anyPort, env: Record<string, string> = {}): ControlPlaneProcess {
  const begun = startProcess(["run", "--data", data, ...args], env);
  started.push(begun);
  return begun;
}

/** The same ports again, as agents know them. */
function samePorts({ http, session, enrol }: Endpoints): string[] {
  const port = (address: string): string => address.split(":").at(-1) ?? "";
  return ["--http-port", port(http), "--session-port", port(session), "--enrol-port", port(enrol)];
}

/** What the API answers; each test says what it expects in there. */
type Answer = { readonly token: string; readonly items: readonly unknown[] };

function apiOf({ http, adminToken }: Endpoints) {
  const token = readFileSync(adminToken, "utf8").trim();
  return async (path: string, body?: object): Promise<Answer> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${http}${path}`, { headers, ...post, signal: AbortSignal.timeout(20_000) });
    return (await response.json()) as Answer;
  };
}

async function enrol(endpoints: Endpoints, host: string) {
  const { token } = await apiOf(endpoints)("/api/v1/enrolment-tokens", { host });
  const { secret } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${host}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const data = join(endpoints.adminToken, "..", "authority.pem");
  const authority = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(
    readFileSync(data, "utf8"),
  )?.[0];
  const client = createServiceClient(
    EnrolmentService,
    endpoints.enrol,
    credentials.createSsl(Buffer.from(authority ?? "")),
  );
  const signingRequest = new Uint8Array(request.rawData);
  const answer = await client.enrol({ token: secret, signingRequest, agentVersion: "test" }, { timeout: 10_000 });
  client.close();
  const key = Buffer.from(await privateKeyPem(keys.privateKey));
  return credentials.createSsl(Buffer.from(answer.caCertificate), key, Buffer.from(answer.certificate));
}

type Hello = Extract<NonNullable<MessageInitShape<typeof AgentMessageSchema>["message"]>, { case: "hello" }>["value"];

/** A session over real mutual TLS that collects what it hears. */
function connect(endpoints: Endpoints, identity: Awaited<ReturnType<typeof enrol>>, hello: Hello = {}) {
  const client = createServiceClient(SessionService, endpoints.session, identity);
  const requests = messageQueue<MessageInitShape<typeof AgentMessageSchema>>();
  requests.push({ message: { case: "hello", value: { agentVersion: "test", ...hello } } });
  const heard: ServerMessage[] = [];
  const reading = (async () => {
    for await (const message of client.session(requests)) heard.push(message);
  })().catch(() => undefined); // the control plane is killed in these tests
  const commands = (): Command[] => heard.flatMap(({ message }) => (message.case === "command" ? [message.value] : []));
  return {
    commands,
    say: (message: NonNullable<MessageInitShape<typeof AgentMessageSchema>["message"]>) => requests.push({ message }),
    stored: () => heard.filter(({ message }) => message.case === "stored").length,
    welcomed: () => waitFor("the welcome", () => heard.some(({ message }) => message.case === "welcome")),
    command: () => waitFor("a command", () => commands()[0]),
    async close() {
      requests.close();
      client.close();
      await reading;
    },
  };
}

const plan = {
  files: [
    {
      name: "plan.yaml",
      text: "version: 1\nname: shop\ntimezone: UTC\nservices:\n  db:\n    tier: 1\n    host: db-1\n    sources: { orders: {} }\n",
    },
  ],
  force: "a test",
};

function pointOf(command: Command) {
  const at = timestampFromMs(Date.now());
  const value = {
    pointId: "point-1",
    sourceType: "postgres",
    repository: "main",
    startedAt: at,
    takenAt: at,
    finishedAt: at,
  };
  return {
    commandId: command.commandId,
    attempt: command.attempt,
    startedAt: at,
    finishedAt: at,
    outcome: { case: "point" as const, value },
  };
}

describe("a control plane that is killed", () => {
  it("sends a command whose delivery it cannot know again, and handles its result once", async () => {
    const data = join(temporaryFolder(), "data");
    const first = start(data);
    const endpoints = await first.ready();
    const api = apiOf(endpoints);
    const identity = await enrol(endpoints, "db-1");
    await api("/api/v1/plans", plan);

    const before = connect(endpoints, identity);
    await before.welcomed();
    expect(await api("/api/v1/backups", { all: true })).toMatchObject({ backups: [{ source: "orders" }] });
    const command = await before.command();
    await first.end("SIGKILL");
    await before.close();

    const second = start(data, samePorts(endpoints));
    await second.ready();
    const again = connect(endpoints, identity);
    const repeated = await again.command();
    expect([repeated.commandId, repeated.attempt]).toEqual([command.commandId, command.attempt]);
    await second.end("SIGKILL");
    await again.close();

    const third = start(data, samePorts(endpoints));
    await third.ready();
    const last = connect(endpoints, identity, { unconfirmed: [pointOf(command)] });
    await waitFor("the confirmation", () => last.stored() === 1);
    last.say({ case: "finished", value: pointOf(command) });
    await waitFor("the second confirmation", () => last.stored() === 2);
    expect(await api("/api/v1/backups?source=orders")).toMatchObject({
      items: [{ state: "succeeded", pointId: "point-1" }],
    });
    expect((await api("/api/v1/points?source=orders")).items).toHaveLength(1);
    expect(last.commands()).toEqual([]);
    expect(await api("/api/v1/audit/verify")).toMatchObject({ ok: true });
    await last.close();
    expect(await third.end("SIGTERM")).toBe(0);
  });
});

describe("a control plane's start", () => {
  it("makes its keys once, and comes back as the same one", async () => {
    const data = join(temporaryFolder(), "data");
    const first = start(data);
    const endpoints = await first.ready();
    const files = ["admin.token", "authority.pem", "keys/main.key"].map((name) => join(data, name));
    const before = files.map((file) => readFileSync(file, "utf8"));
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    expect(first.stderr()).toContain("KEEP A COPY");
    expect(await first.end("SIGTERM")).toBe(0);
    const second = start(data);
    expect((await second.ready()).fingerprint).toBe(endpoints.fingerprint);
    expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before);
  });

  it("is refused while another process has the data folder, and when a port is taken", async () => {
    const data = join(temporaryFolder(), "data");
    await start(data).ready();
    const second = start(data);
    await waitFor("the refusal", () => second.status() !== undefined);
    expect([second.status(), second.stderr()]).toEqual([1, expect.stringContaining("data-in-use")]);

    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as { port: number };
    const third = start(`${data}-2`, ["--http-port", String(port), "--session-port", "0", "--enrol-port", "0"]);
    await waitFor("the refusal", () => third.status() !== undefined);
    holder.close();
    expect(third.status()).toBe(1);
    expect(third.stderr()).toContain(`port ${port} on 127.0.0.1 is in use`);
  });

  it("never makes a new key or repository in the place of one that is missing", async () => {
    const data = join(temporaryFolder(), "data");
    await (async () => {
      const first = start(data);
      await first.ready();
      await first.end("SIGTERM");
    })();
    const key = join(data, "keys", "main.key");
    rmSync(key);
    const keyless = start(data);
    const api = apiOf(await keyless.ready());
    expect(await api("/api/v1/repositories")).toMatchObject({
      items: [{ reachable: false, message: expect.stringContaining(key) }],
    });
    await keyless.end("SIGTERM");
    expect(existsSync(key)).toBe(false);

    writeFileSync(key, "another key\n");
    chmodSync(key, 0o644);
    rmSync(join(data, "repository"), { recursive: true });
    const unmounted = start(data);
    const second = apiOf(await unmounted.ready());
    expect(await second("/api/v1/repositories")).toMatchObject({ items: [{ reachable: false }] });
    expect(existsSync(join(data, "repository"))).toBe(false);
    expect(statSync(key).mode & 0o777).toBe(0o600);
  });

  it("names the file, line and key of what is wrong in its configuration", async () => {
    const file = join(temporaryFolder(), "control-plane.yaml");
    writeFileSync(
      file,
      "data: here\nhttp:\n  prot: 1\nagents:\n  heartbeat: soon\nrepositories:\n  Main: { url: /x }\n",
    );
    const wrong = startProcess(["--config", file]);
    started.push(wrong);
    await waitFor("the refusal", () => wrong.status() !== undefined);
    expect(wrong.status()).toBe(2);
    expect(wrong.stderr()).toContain(`${file}:3:9: http.prot: unknown key`);
    expect(wrong.stderr()).toContain(`${file}:5:14: agents.heartbeat`);
    expect(wrong.stderr()).toContain(`${file}:7:9: repositories.Main`);
  });
});
