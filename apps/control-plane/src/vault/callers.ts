import { createHash } from "node:crypto";
import { MusterError } from "@muster/core";
import type { ControlPlane } from "../context.ts";
import { knownAgent } from "../hosts/certificates.ts";
import { domainsOf } from "./access.ts";
import type { Peer } from "./peer.ts";
import { type Permissions, refusalOf } from "./permission.ts";
import type { VaultRequest } from "./request.ts";

/** What was found out about a host is good for so long, in milliseconds; a revocation here ends it at once. */
const remembered = 2000;
const mostRemembered = 10_000;

export interface Callers {
  /**
   * Finds out whose certificate it is and whether it may do this. Its dates are looked at again, because connections are
   * kept. Throws `unauthenticated`, `certificate-revoked`, `forbidden`.
   */
  authorize(peer: Peer, request: VaultRequest): Promise<Permissions>;
  close(): void;
}

/** Asks the database; what it allowed is remembered for a moment, what it refused never is. */
export function createCallers(cp: ControlPlane): Callers {
  const known = new Map<string, { readonly until: number; readonly permissions: Permissions }>();
  let changes = 0;
  const close = cp.events.subscribe(({ type }) => {
    if (type !== "host") return;
    changes += 1;
    known.clear();
  });

  const ask = async (certificate: Uint8Array, repository: string): Promise<Permissions> => {
    const { host } = await knownAgent(cp, certificate);
    return { host: host.name, domains: await domainsOf(cp.db, host.name, repository) };
  };

  return {
    close,
    async authorize({ certificate, expiresAt }, request) {
      if (cp.clock.now() >= expiresAt) throw expired(expiresAt);
      const { repository } = request;
      const key = `${repository}/${createHash("sha256").update(certificate).digest("base64")}`;
      const found = known.get(key);
      if (found !== undefined && found.until > performance.now()) {
        if (refusalOf(request, found.permissions) === undefined) return found.permissions;
      }
      const before = changes;
      const permissions = await ask(certificate, repository);
      const refusal = refusalOf(request, permissions);
      if (refusal !== undefined) throw refusal;
      if (known.size >= mostRemembered) known.clear();
      // What changed while the database was asked may be what would have refused it.
      if (before === changes) known.set(key, { until: performance.now() + remembered, permissions });
      return permissions;
    },
  };
}

function expired(at: number): MusterError {
  return new MusterError("unauthenticated", `the agent's certificate expired at ${new Date(at).toISOString()}`, {
    hint: "Look in the agent's log why it was not renewed; enrol the host again with a fresh token and --force.",
  });
}
