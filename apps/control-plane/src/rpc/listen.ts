import { Server, ServerCredentials } from "@grpc/grpc-js";
import { type Clock, MusterError } from "@muster/core";
import { maxMessageBytes } from "@muster/protocol/grpc";
import type { Config } from "../config.ts";
import type { SessionContext } from "../hosts/session.ts";
import type { Authority } from "./authority.ts";
import { makeServerCertificate } from "./server-certificate.ts";
import { addAgentServices, addEnrolmentService } from "./services.ts";

/** How long streams may take to end by themselves at a stop, in milliseconds. */
const drain = 2000;

/** A peer that answers no ping for this long is gone; its stream ends. */
const options = {
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.max_receive_message_length": maxMessageBytes,
};

export interface AgentListeners {
  readonly ports: { readonly enrol: number; readonly session: number };
  close(): Promise<void>;
}

/** Listens for agents: enrolment with the server's certificate only, sessions with mutual TLS. Throws `port-in-use`. */
export async function listenForAgents(
  context: SessionContext,
  authority: Authority,
  { config, clock }: { readonly config: Config; readonly clock: Clock },
): Promise<AgentListeners> {
  const certificate = await makeServerCertificate(authority, config, clock);
  const pair = { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.chain) };

  const enrolment = new Server(options);
  addEnrolmentService(enrolment, context.cp);
  const sessions = new Server(options);
  addAgentServices(sessions, context);

  const { host, enrolPort, sessionPort } = config.grpc;
  const enrol = await bind(
    enrolment,
    { host, port: enrolPort, key: "agents.enrolPort" },
    ServerCredentials.createSsl(null, [pair]),
  );
  try {
    const mutual = ServerCredentials.createSsl(Buffer.from(authority.pem), [pair], true);
    const session = await bind(sessions, { host, port: sessionPort, key: "agents.sessionPort" }, mutual);
    return {
      ports: { enrol, session },
      close: async () => void (await Promise.all([shut(enrolment), shut(sessions)])),
    };
  } catch (thrown) {
    enrolment.forceShutdown();
    throw thrown;
  }
}

function bind(
  server: Server,
  { host, port, key }: { readonly host: string; readonly port: number; readonly key: string },
  credentials: ServerCredentials,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(":") ? `[${host}]` : host}:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(listenError(error, host, port, key));
    });
  });
}

/** What to tell when a listener cannot be opened; `key` is the setting that names its port. */
export function listenError(cause: Error, host: string, port: number, key: string): MusterError {
  const hint = `Stop the process that has it, or set another port as ${key} in control-plane.yaml.`;
  if (/EADDRINUSE/.test(String(cause))) {
    return new MusterError("port-in-use", `port ${port} on ${host} is in use`, { cause, hint });
  }
  return new MusterError("config-invalid", `cannot listen on ${host}:${port}: ${cause.message}`, {
    cause,
    hint: `Check the address and ${key}.`,
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), drain);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
