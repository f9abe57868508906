import type { Clock } from "@muster/core";
import type { Config } from "../config.ts";
import type { Identity } from "../context.ts";
import type { Authority } from "./authority.ts";
import { signAgentRequest } from "./certificates.ts";

/** Who this control plane is to agents; `ports` are known once it listens. */
export function createIdentity(
  authority: Authority,
  config: Config,
  clock: Clock,
  ports: () => { readonly enrol: number; readonly session: number; readonly vault?: number | undefined },
): Identity {
  const { advertise } = config.grpc;
  const address = (port: number): string => `${advertise.includes(":") ? `[${advertise}]` : advertise}:${port}`;
  return {
    fingerprint: authority.fingerprint,
    caCertificate: authority.pem,
    signAgent: (host, signingRequest) =>
      signAgentRequest(authority, signingRequest, {
        host,
        now: clock.now(),
        lifeMs: config.agents.certificateLifeMs,
      }),
    endpoints: () => {
      const { enrol, session, vault } = ports();
      const shared = { enrol: address(enrol), session: address(session) };
      return vault === undefined ? shared : { ...shared, vault: address(vault) };
    },
  };
}
