import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { asMusterError, MusterError } from "@muster/core";
import { vaultWire } from "@muster/object-store";
import { answerError, answerJson } from "./answer.ts";
import { answerGet, answerInfo, answerList } from "./get.ts";
import type { VaultLimits, Weight } from "./limits.ts";
import { type Peer, peerOf } from "./peer.ts";
import type { Permissions } from "./permission.ts";
import { announced, answerPut } from "./put.ts";
import type { OpenVault, VaultRepositories } from "./repositories.ts";
import { parseRequest, type VaultRequest } from "./request.ts";

export interface VaultContext {
  /** Whether the peer may do this. Throws when not. */
  authorize(peer: Peer, request: VaultRequest): Promise<Permissions>;
  readonly repositories: VaultRepositories;
  readonly limits: VaultLimits;
  /** Told of what was refused. */
  warn(warning: { readonly peer: string; readonly code: string; readonly message: string }): void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` before it sends its body. */
  readonly waits: boolean;
}

/** Carries out one request: who asks, what, may it, then its turn. Every error is answered; it never throws. */
export async function serveVault(context: VaultContext, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  try {
    const peer = peerOf(tlsSocket(request));
    const asked = parseRequest(request.method ?? "", request.url ?? "");
    const permissions = await context.authorize(peer, asked);
    const vault = await context.repositories.open(asked.repository);
    await context.limits.run(permissions.host, weightOf(asked), () => carryOut(vault, asked, permissions, exchange));
  } catch (thrown) {
    const { code, message } = asMusterError(thrown);
    if (code !== "object-missing" && code !== "object-exists") {
      const peer = request.socket.remoteAddress ?? "";
      context.warn({ peer, code, message: `the vault refused a request: ${message}` });
    }
    answerError(response, thrown, { close: hasBody(exchange) });
  }
}

function carryOut(
  { store, usage }: OpenVault,
  asked: VaultRequest,
  permissions: Permissions,
  { request, response, waits }: Exchange,
): Promise<void> {
  if (response.destroyed) return Promise.resolve(); // it did not wait for its turn
  switch (asked.act) {
    case "put":
      return answerPut(
        { store, usage },
        { key: asked.key, permissions, body: announced(request, waits) },
        request,
        response,
      );
    case "get":
      return answerGet(store, asked.key, asked.range, response);
    case "info":
      return answerInfo(store, asked.key, response);
    case "list":
      return answerList(store, asked.prefix, response);
    case "space":
      return usage.free(permissions).then((free) => answerJson(response, 200, { free }));
  }
}

function weightOf({ act }: VaultRequest): Weight {
  return act === "put" || act === "get" ? act : "other";
}

function tlsSocket({ socket }: IncomingMessage): TLSSocket {
  if (socket instanceof TLSSocket) return socket;
  throw new MusterError("unauthenticated", "the vault speaks HTTPS only");
}

/** A refused body that is still to come is not waited for, but for a small one, which costs less than a new connection. */
function hasBody({ request: { headers }, waits }: Exchange): boolean {
  if (waits || headers["transfer-encoding"] !== undefined) return true;
  return Number(headers["content-length"] ?? 0) > vaultWire.unaskedBody;
}
