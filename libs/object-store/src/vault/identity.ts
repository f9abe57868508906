import { X509Certificate } from "node:crypto";
import { Agent } from "node:https";

/** Who this host is to its control plane; all in PEM. */
export interface VaultIdentity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly caCertificate: string;
}

/** The connections that are open under one certificate. */
export interface Credentials {
  readonly agent: () => Agent;
  /** Milliseconds since the epoch. */
  readonly expiresAt: () => number;
  /** Takes the certificate that has been renewed since; false when there is none. */
  renewed(): boolean;
  close(): void;
}

/** Connections that are kept and used again, as many as a job needs at once. */
const options = { keepAlive: true, maxSockets: 16, maxFreeSockets: 16, minVersion: "TLSv1.3" } as const;

/** `read` gives the identity as it is now: an agent renews its certificate while its jobs run. */
export function credentials(read: () => VaultIdentity): Credentials {
  let current = open(read());
  return {
    agent: () => current.agent,
    expiresAt: () => current.expiresAt,
    renewed() {
      const identity = read();
      if (identity.certificate === current.certificate) return false;
      // Requests that are under way end on the connections that they have.
      current = open(identity);
      return true;
    },
    close: () => current.agent.destroy(),
  };
}

function open({ certificate, privateKey, caCertificate }: VaultIdentity) {
  return {
    certificate,
    expiresAt: new X509Certificate(certificate).validToDate.getTime(),
    agent: new Agent({ ...options, cert: certificate, key: privateKey, ca: caCertificate }),
  };
}
