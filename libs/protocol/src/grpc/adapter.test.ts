import { type ChannelCredentials, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { MusterError } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import {
  type AgentMessage,
  addService,
  type CallContext,
  CertificateService,
  createServiceClient,
  type MessageInitShape,
  messageQueue,
  type ServerMessage,
  type ServerMessageSchema,
  SessionService,
} from "./index.ts";
import { certificates } from "./testing-certificates.ts";

type Down = MessageInitShape<typeof ServerMessageSchema>;
const servers: Server[] = [];
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
  for (const server of servers.splice(0)) server.forceShutdown();
});

function listen(server: Server, how = ServerCredentials.createInsecure(), port = 0): Promise<string> {
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, how, (error, bound) =>
      error === null ? resolve(`127.0.0.1:${bound}`) : reject(error),
    );
  });
}

type Renew = (request: Uint8Array, call: CallContext) => Promise<{ certificate: string }>;
type Session = (messages: AsyncIterable<AgentMessage>, call: CallContext) => AsyncIterable<Down>;

async function unaryServer(renew: Renew, how?: ServerCredentials): Promise<string> {
  const server = new Server();
  addService(server, CertificateService, { renew: ({ signingRequest }, call) => renew(signingRequest, call) });
  return listen(server, how);
}

async function sessionServer(session: Session): Promise<string> {
  const server = new Server();
  addService(server, SessionService, { session });
  return listen(server);
}

function unaryClient(address: string, how: ChannelCredentials = credentials.createInsecure()) {
  const client = createServiceClient(CertificateService, address, how);
  closers.push(() => client.close());
  return client;
}

function sessionClient(address: string) {
  const client = createServiceClient(SessionService, address, credentials.createInsecure());
  closers.push(() => client.close());
  return client;
}

function heartbeat(load1 = 0): { message: { case: "heartbeat"; value: { load: { load1: number } } } } {
  return { message: { case: "heartbeat", value: { load: { load1 } } } };
}

function goodbye(message: string): Down {
  return { message: { case: "goodbye", value: { code: "test", message } } };
}

async function collect(messages: AsyncIterable<ServerMessage>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { message } of messages) if (message.case === "goodbye") texts.push(message.value.message);
  return texts;
}

describe("a unary call", () => {
  it("carries a message there and one back", async () => {
    const address = await unaryServer(async (request) => ({ certificate: `for ${request.length} bytes` }));
    const answer = await unaryClient(address).renew({ signingRequest: new Uint8Array(3) }, { timeout: 30_000 });
    expect(answer.certificate).toBe("for 3 bytes");
  });

  it("brings the server's error whole: code, message, hint, details", async () => {
    const address = await unaryServer(async () => {
      throw new MusterError("token-expired", "it expired", { hint: "Ask Ann.", details: { days: 3 } });
    });
    const failed = unaryClient(address).renew({}, { timeout: 30_000 });
    await expect(failed).rejects.toMatchObject({
      code: "token-expired",
      message: "it expired",
      hint: "Ask Ann.",
      retryable: false,
      details: { days: 3 },
    });
  });

  it("answers a handler that throws before it waits, and goes on serving", async () => {
    let calls = 0;
    const address = await unaryServer((() => {
      if (calls++ === 0) throw new TypeError("a bug");
      return Promise.resolve({ certificate: "ok" });
    }) as Renew);
    const client = unaryClient(address);
    await expect(client.renew({}, { timeout: 30_000 })).rejects.toMatchObject({ code: "internal", message: "a bug" });
    expect((await client.renew({}, { timeout: 30_000 })).certificate).toBe("ok");
  });

  it("fails with timeout at its deadline, and the handler sees its caller go", async () => {
    let gone = false;
    const address = await unaryServer(async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      gone = true;
      return { certificate: "" };
    });
    await expect(unaryClient(address).renew({}, { timeout: 100 })).rejects.toMatchObject({ code: "timeout" });
    await waitFor("the handler's signal", () => gone);
  });

  it("fails with cancelled when aborted, before and during the call", async () => {
    const address = await unaryServer(() => new Promise(() => undefined));
    const client = unaryClient(address);
    const early = client.renew({}, { timeout: 30_000, signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ code: "cancelled" });
    const controller = new AbortController();
    const late = client.renew({}, { timeout: 30_000, signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(late).rejects.toMatchObject({ code: "cancelled" });
  });

  it("says who does not answer", async () => {
    const failed = unaryClient("127.0.0.1:1").renew({}, { timeout: 30_000 });
    await expect(failed).rejects.toMatchObject({ code: "host-offline", message: /127\.0\.0\.1:1 does not answer/ });
  });
});

describe("a stream", () => {
  it("carries messages both ways and ends when both sides do", async () => {
    const address = await sessionServer(async function* (messages) {
      for await (const { message } of messages) {
        if (message.case === "heartbeat") yield goodbye(`load ${message.value.load?.load1}`);
      }
    });
    async function* requests() {
      yield heartbeat(1);
      yield heartbeat(2);
    }
    expect(await collect(sessionClient(address).session(requests()))).toEqual(["load 1", "load 2"]);
  });

  it("ends when the server ends, though the client has more to say some time", async () => {
    const address = await sessionServer(async function* () {
      yield goodbye("bye");
    });
    const silent = messageQueue<ReturnType<typeof heartbeat>>();
    expect(await collect(sessionClient(address).session(silent))).toEqual(["bye"]);
  });

  it("brings an error that the server throws in the middle", async () => {
    const address = await sessionServer(async function* () {
      yield goodbye("first");
      throw new MusterError("certificate-revoked", "revoked now");
    });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { message } of sessionClient(address).session(messageQueue())) seen.push(message.case ?? "");
    })();
    await expect(reading).rejects.toMatchObject({ code: "certificate-revoked", message: "revoked now" });
    expect(seen).toEqual(["goodbye"]);
  });

  it("is cancelled by an abort, and the server's handler is told", async () => {
    let ended = false;
    const address = await sessionServer(async function* (_, { signal }) {
      yield goodbye("open");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended = true;
    });
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of sessionClient(address).session(messageQueue(), { signal: controller.signal })) {
        controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
    await waitFor("the handler's end", () => ended);
  });

  it("ends at once when it was aborted before", async () => {
    const address = await sessionServer(() => messageQueue<Down>());
    const reading = collect(sessionClient(address).session(messageQueue(), { signal: AbortSignal.abort() }));
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
  });

  it("tells the client when the server dies", async () => {
    const address = await sessionServer(async function* (_, { signal }) {
      yield goodbye("open");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    const reading = (async () => {
      for await (const _ of sessionClient(address).session(messageQueue())) servers[0]?.forceShutdown();
    })();
    await expect(reading).rejects.toMatchObject({ retryable: expect.any(Boolean), name: "MusterError" });
  });

  it("holds a fast producer back while the reader is slow", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = 0;
    const address = await sessionServer(async function* (messages) {
      await held;
      for await (const _ of messages) arrived += 1;
      yield goodbye(`${arrived}`);
    });
    const text = "x".repeat(64 * 1024);
    let produced = 0;
    async function* requests() {
      for (; produced < 500; produced++) {
        yield { message: { case: "progress" as const, value: { note: text } } };
      }
    }
    const reading = collect(sessionClient(address).session(requests()));
    let before = -1;
    await waitFor(
      "the producer to stand still",
      () => {
        const still = produced > 0 && produced === before;
        before = produced;
        return still;
      },
      { interval: 200 },
    );
    expect(produced).toBeLessThan(200);
    release();
    expect(await reading).toEqual(["500"]);
  });
});

describe("mutual TLS", () => {
  const files = certificates();
  const serverPair = [{ private_key: files.server.key, cert_chain: files.server.certificate }];
  const demanding = () => ServerCredentials.createSsl(files.authority, serverPair, true);

  it("shows the server who calls", async () => {
    let seen: Uint8Array | undefined;
    const address = await unaryServer(async (_, { certificate }) => {
      seen = certificate;
      return { certificate: "" };
    }, demanding());
    const how = credentials.createSsl(files.authority, files.client.key, files.client.certificate);
    await unaryClient(address, how).renew({}, { timeout: 30_000 });
    expect(Buffer.from(seen ?? [])).toEqual(files.client.der);
  });

  it("refuses a caller without a certificate, or with one of another authority", async () => {
    const address = await unaryServer(async () => ({ certificate: "" }), demanding());
    const none = unaryClient(address, credentials.createSsl(files.authority));
    await expect(none.renew({}, { timeout: 30_000 })).rejects.toMatchObject({ name: "MusterError" });
    const { stranger } = files;
    const foreign = unaryClient(address, credentials.createSsl(files.authority, stranger.key, stranger.certificate));
    await expect(foreign.renew({}, { timeout: 30_000 })).rejects.toMatchObject({ name: "MusterError" });
  });

  it("refuses a server of another authority with ca-mismatch", async () => {
    const address = await unaryServer(async () => ({ certificate: "" }), demanding());
    const how = credentials.createSsl(files.otherAuthority, files.client.key, files.client.certificate);
    await expect(unaryClient(address, how).renew({}, { timeout: 30_000 })).rejects.toMatchObject({
      code: "ca-mismatch",
    });
  });
});
