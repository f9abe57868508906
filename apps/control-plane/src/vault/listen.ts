import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { sleep } from "@muster/core";
import { listenError } from "../rpc/listen.ts";
import { serveVault, type VaultContext } from "./serve.ts";

export interface VaultListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface VaultTls {
  /** PEM of the server, and of the authority that signs agents. */
  readonly key: string;
  readonly chain: string;
  readonly authority: string;
}

/** How long requests may take to end by themselves at a stop, in milliseconds. */
const drain = 2000;

/** Times in milliseconds. A body has its own deadline (see put.ts); `timeout` ends connections on which nothing moves. */
const bounds = {
  handshakeTimeout: 10_000,
  headersTimeout: 20_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 8192,
} as const;
const idle = 60_000;
const mostConnections = 2048;

/**
 * Listens for agents with HTTPS. Who has no certificate that the authority signed for a client, within its dates, does
 * not get past the handshake. Throws `port-in-use`.
 */
export async function listenForVault(
  context: VaultContext,
  tls: VaultTls,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<VaultListener> {
  const mutual = { requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" } as const;
  const server = createServer({ ...bounds, ...mutual, key: tls.key, cert: tls.chain, ca: tls.authority });
  server.maxConnections = mostConnections;
  server.timeout = idle;
  const serve = (request: IncomingMessage, response: ServerResponse, waits: boolean): void =>
    void serveVault(context, { request, response, waits });
  server.on("request", (request, response) => serve(request, response, false));
  server.on("checkContinue", (request, response) => serve(request, response, true));
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (thrown) {
    throw listenError(thrown instanceof Error ? thrown : new Error(String(thrown)), host, port, "vault.port");
  }
  const { port: bound } = server.address() as AddressInfo; // a TCP listener has one
  return { port: bound, close: () => shut(server) };
}

async function shut(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  await Promise.race([closed, sleep(drain)]);
  server.closeAllConnections();
  await closed;
}
