import { createHash, webcrypto } from "node:crypto";
import "reflect-metadata";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { MusterError } from "@muster/core";
import {
  type AgentMessage,
  addService,
  CertificateService,
  EnrolmentService,
  type MessageInitShape,
  messageQueue,
  type ServerMessageSchema,
  SessionService,
  timestampFromMs,
} from "@muster/protocol/grpc";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate authority of the tests. */
export async function makeAuthority() {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=Muster test CA",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const sign = (publicKey: x509.PublicKeyType, name: string, lifeMs: number, serverAuth = false) =>
    x509.X509CertificateGenerator.create({
      serialNumber: Math.floor(Math.random() * 1e9)
        .toString(16)
        .padStart(8, "1"),
      subject: `CN=${name}`,
      issuer: certificate.subject,
      notBefore: new Date(Date.now() - (serverAuth ? 60_000 : 0)),
      notAfter: new Date(Date.now() + lifeMs),
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: serverAuth
        ? [
            new x509.SubjectAlternativeNameExtension([
              { type: "ip", value: "127.0.0.1" },
              { type: "dns", value: "localhost" },
            ]),
          ]
        : [],
    });
  const fingerprint = createHash("sha256").update(Buffer.from(certificate.rawData)).digest("hex");
  return { pem: `${certificate.toString("pem")}\n`, fingerprint, sign };
}

export type Authority = Awaited<ReturnType<typeof makeAuthority>>;
type Down = MessageInitShape<typeof ServerMessageSchema>;

export interface TestPlane {
  readonly enrolAddress: string;
  readonly sessionAddress: string;
  /** Everything that agents said, in order. */
  readonly received: AgentMessage["message"][];
  readonly sessions: { readonly serial: string }[];
  /** Life of the certificates it gives, in milliseconds. */
  certificateLife: number;
  /** Results are confirmed as they come. */
  confirm: boolean;
  send(message: NonNullable<Down["message"]>): void;
  /** Breaks the open stream. */
  hangUp(): void;
  token(secret?: string, changes?: Record<string, string>): string;
  of<C extends NonNullable<AgentMessage["message"]["case"]>>(
    kind: C,
  ): Extract<AgentMessage["message"], { case: C }>["value"][];
  stop(): void;
}

/** A control plane that only speaks the protocol: the peer of the agent's tests. */
export async function startTestPlane(authority: Authority, ports: { session?: number } = {}): Promise<TestPlane> {
  const serverKeys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await authority.sign(serverKeys.publicKey, "muster", 3_600_000, true);
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", serverKeys.privateKey), "PRIVATE KEY");
  const chain = Buffer.from(`${certificate.toString("pem")}\n${authority.pem}`);
  const pair = [{ private_key: Buffer.from(key), cert_chain: chain }];
  const ca = Buffer.from(authority.pem);

  const received: AgentMessage["message"][] = [];
  const sessions: { serial: string }[] = [];
  let down = messageQueue<Down>();
  const issue = async (request: Uint8Array) => {
    const parsed = new x509.Pkcs10CertificateRequest(new Uint8Array(request));
    if (!(await parsed.verify())) throw new MusterError("unauthenticated", "bad signing request");
    const issued = await authority.sign(parsed.publicKey, "db-1", plane.certificateLife);
    const notAfter = timestampFromMs(issued.notAfter.getTime());
    return { certificate: `${issued.toString("pem")}\n`, caCertificate: authority.pem, notAfter };
  };

  const enrolment = new Server();
  addService(enrolment, EnrolmentService, {
    async enrol({ token, signingRequest }) {
      if (token === "expired") throw new MusterError("token-expired", "the token expired an hour ago");
      if (token !== "good") throw new MusterError("token-unknown", "no such token");
      return { ...(await issue(signingRequest)), host: "db-1", hostId: "host_1", sessionAddress: plane.sessionAddress };
    },
  });
  const sessionServer = new Server();
  addService(sessionServer, CertificateService, { renew: ({ signingRequest }) => issue(signingRequest) });
  addService(sessionServer, SessionService, {
    async *session(messages, call) {
      const queue = messageQueue<Down>();
      down = queue;
      sessions.push({ serial: new x509.X509Certificate(new Uint8Array(call.certificate ?? [])).serialNumber });
      void read(messages, queue);
      yield { message: { case: "welcome", value: { sessionId: "s", heartbeatSeconds: 1 } } };
      yield* queue;
    },
  });
  const read = async (messages: AsyncIterable<AgentMessage>, queue: typeof down): Promise<void> => {
    try {
      for await (const { message } of messages) {
        received.push(message);
        if (message.case === "heartbeat") {
          const value = { agentSentAt: message.value.sentAt, serverTime: timestampFromMs(Date.now() + 5000) };
          queue.push({ message: { case: "echo", value } });
        }
        if (message.case === "finished" && plane.confirm) {
          const { commandId, attempt } = message.value;
          queue.push({ message: { case: "stored", value: { commandId, attempt } } });
        }
      }
    } catch {
      // The agent went away; the tests look at what it had said.
    } finally {
      queue.close();
    }
  };

  const enrolPort = await listen(enrolment, 0, ServerCredentials.createSsl(null, pair));
  const sessionPort = await listen(sessionServer, ports.session ?? 0, ServerCredentials.createSsl(ca, pair, true));
  const plane: TestPlane = {
    enrolAddress: `127.0.0.1:${enrolPort}`,
    sessionAddress: `127.0.0.1:${sessionPort}`,
    received,
    sessions,
    certificateLife: 3_600_000,
    confirm: true,
    send: (message) => down.push({ message }),
    hangUp: () => down.close(),
    token(secret = "good", changes = {}) {
      const content = {
        server: plane.enrolAddress,
        fingerprint: authority.fingerprint,
        secret,
        host: "db-1",
        ...changes,
      };
      return `muster1.${Buffer.from(JSON.stringify(content)).toString("base64url")}`;
    },
    of: (kind) => received.flatMap((message) => (message.case === kind ? [message.value as never] : [])), // narrowed by case
    stop() {
      enrolment.forceShutdown();
      sessionServer.forceShutdown();
    },
  };
  return plane;
}

function listen(server: Server, port: number, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}
