import type { TLSSocket } from "node:tls";
import { type Clock, MusterError } from "@muster/core";

/** Who is at the other end of a connection, as TLS has found it. */
export interface Peer {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * The certificate of a connection whose handshake was let through: signed by the authority, for a client, within its dates
 * then. It is looked at again, because connections are kept. Throws `unauthenticated`.
 */
export function peerOf(socket: TLSSocket, clock: Clock): Peer {
  const certificate = socket.getPeerX509Certificate();
  if (!socket.authorized || certificate === undefined) {
    throw new MusterError("unauthenticated", "the agent showed no certificate of this control plane");
  }
  const expiresAt = certificate.validToDate.getTime();
  if (clock.now() < expiresAt) return { certificate: certificate.raw, expiresAt };
  throw new MusterError("unauthenticated", `the agent's certificate expired at ${certificate.validTo}`, {
    hint: "Look in the agent's log why it was not renewed; enrol the host again with a fresh token and --force.",
  });
}
