import { MusterError } from "@muster/core";
import type { Server } from "./config.ts";

/** Sends one command; answers come as strings, numbers or arrays of them. */
export interface Connection {
  call(...command: string[]): Promise<unknown>;
}

const connectTimeout = 10_000;

/**
 * Connects, works, disconnects; an abort cuts the connection. Throws `source-unavailable` (retryable when the server is down,
 * not when it refuses the credentials).
 */
export async function withServer<T>(
  server: Server,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const client = await connect(server);
  const cut = (): void => client.destroy();
  signal.addEventListener("abort", cut, { once: true });
  try {
    return await work({ call: (...command) => client.sendCommand(command) });
  } catch (cause) {
    throw workFailure(server, signal, cause);
  } finally {
    signal.removeEventListener("abort", cut);
    if (client.isOpen) client.destroy();
  }
}

async function connect({ config, password }: Server) {
  const { createClient } = await import("@redis/client");
  const client = createClient({
    ...(config.username === undefined ? {} : { username: config.username }),
    ...(password === undefined ? {} : { password }),
    RESP: 2,
    socket: { host: config.host, port: config.port, connectTimeout, reconnectStrategy: false },
  });
  client.on("error", () => undefined); // the call that waits gets it too
  try {
    await client.connect();
    await client.sendCommand(["PING"]);
    return client;
  } catch (cause) {
    if (client.isOpen) client.destroy();
    throw unavailable({ config, password }, cause);
  }
}

function workFailure(server: Server, signal: AbortSignal, cause: unknown): unknown {
  if (signal.aborted) return new MusterError("cancelled", "the work on Redis was cancelled", { cause });
  if (cause instanceof MusterError) return cause;
  const message = messageOf(cause);
  if (/closed|ECONNRESET|EPIPE|LOADING|Disconnect/i.test(message)) return unavailable(server, cause);
  const where = `${server.config.host}:${server.config.port}`;
  return new MusterError("source-failed", `Redis at ${where}: ${message}`, { cause });
}

function unavailable({ config }: Server, cause: unknown): MusterError {
  const message = messageOf(cause);
  const refused = /NOAUTH|WRONGPASS|NOPERM|invalid password|without any password/i.test(message);
  return new MusterError("source-unavailable", `Redis at ${config.host}:${config.port}: ${message}`, {
    cause,
    retryable: !refused,
    ...(refused ? { hint: "Check username and password reference in agent.yaml." } : {}),
  });
}

function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join("; ");
  return cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
}
