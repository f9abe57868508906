import { X509Certificate } from "node:crypto";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { MusterError } from "@muster/core";

/** Milliseconds for the handshake. */
const handshakeTimeout = 10_000;

/**
 * Asks a server for its certificates and returns the authority (PEM) whose SHA-256 is the one expected. Nothing is sent.
 * Throws `ca-mismatch`, or `host-offline` when nobody answers.
 */
export async function fetchAuthority(address: string, fingerprint: string): Promise<string> {
  const chain = await peerChain(address);
  const expected = fingerprint.toLowerCase();
  const authority = chain.find((certificate) => hex(certificate.fingerprint256) === expected);
  if (authority !== undefined) return authority.toString();
  throw new MusterError("ca-mismatch", `${address} is not the control plane that made this token`, {
    details: { expected, found: chain.map(({ fingerprint256 }) => hex(fingerprint256)) },
  });
}

function hex(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}

function peerChain(address: string): Promise<X509Certificate[]> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve, reject) => {
    // Not verified here: the fingerprint in the token is the trust anchor, and the next connection verifies against it.
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(unreachable(address, cause));
    };
    socket.setTimeout(handshakeTimeout, () => fail(new Error("no answer in time")));
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      const chain = certificates(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(chain);
    });
  });
}

function certificates(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  for (let next: DetailedPeerCertificate | undefined = leaf; next?.raw && !seen.has(next.fingerprint256); ) {
    seen.add(next.fingerprint256);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}

function unreachable(address: string, cause: unknown): MusterError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MusterError("host-offline", `the control plane at ${address} cannot be reached: ${reason}`, {
    cause,
    hint: "Check that it runs, and the address and port; name another address with --server.",
  });
}
