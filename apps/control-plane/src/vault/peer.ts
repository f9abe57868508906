import type { TLSSocket } from "node:tls";
import { MusterError } from "@muster/core";

/** Who is at the other end of a connection, as TLS has found it. */
export interface Peer {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * The certificate of a connection whose handshake was let through: signed by the authority, for a client, within its dates
 * then. Throws `unauthenticated`.
 */
export function peerOf(socket: TLSSocket): Peer {
  const certificate = socket.getPeerX509Certificate();
  if (!socket.authorized || certificate === undefined) {
    throw new MusterError("unauthenticated", "the agent showed no certificate of this control plane");
  }
  return { certificate: certificate.raw, expiresAt: certificate.validToDate.getTime() };
}
