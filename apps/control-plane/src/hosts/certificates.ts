import { createHash } from "node:crypto";
import { MusterError } from "@muster/core";
import { type MessageInitShape, type RenewResponseSchema, timestampFromDate } from "@muster/protocol/grpc";
import { recordAudit } from "../audit/record.ts";
import type { ControlPlane } from "../context.ts";
import { type HostRow, hostOfCertificate, updateHost } from "./store.ts";

export interface KnownAgent {
  readonly host: HostRow;
  /** SHA-256 of the DER that was shown, hex. */
  readonly fingerprint: string;
}

/**
 * The host that a certificate belongs to. The TLS layer has checked who signed it and its dates; here it must be the
 * host's live one, or the one before it. Throws `unauthenticated`, `certificate-revoked`.
 */
export async function knownAgent(cp: ControlPlane, certificate: Uint8Array | undefined): Promise<KnownAgent> {
  if (certificate === undefined) throw new MusterError("unauthenticated", "the agent showed no certificate");
  const fingerprint = createHash("sha256").update(certificate).digest("hex");
  const host = await hostOfCertificate(cp.db, fingerprint);
  if (host !== undefined && host.revokedAt === null) return { host, fingerprint };
  throw new MusterError("certificate-revoked", "this certificate is not a live one of any host", {
    details: { fingerprint },
  });
}

/** From the first use of the live certificate on, the one before it is void. */
export async function confirmCertificate(cp: ControlPlane, { host, fingerprint }: KnownAgent): Promise<void> {
  if (host.previousFingerprint === null || host.certificateFingerprint !== fingerprint) return;
  await updateHost(cp.db, host.name, { previousFingerprint: null });
}

/** Exchanges a live certificate for the next. The old one is let in until the new one is first used or it ends. */
export async function renewCertificate(
  cp: ControlPlane,
  { host, fingerprint }: KnownAgent,
  signingRequest: Uint8Array,
): Promise<MessageInitShape<typeof RenewResponseSchema>> {
  const signed = await cp.identity.signAgent(host.name, signingRequest);
  const now = cp.clock.now();
  await cp.db.transaction(async (tx) => {
    await updateHost(tx, host.name, {
      certificateFingerprint: signed.fingerprint,
      certificateExpiresAt: signed.notAfter,
      previousFingerprint: fingerprint,
    });
    const details = { certificate: signed.fingerprint, notAfter: signed.notAfter.toISOString() };
    await recordAudit(tx, now, { actor: `host:${host.name}`, action: "host.renew", subject: host.name, details });
  });
  return {
    certificate: signed.certificate,
    caCertificate: cp.identity.caCertificate,
    notAfter: timestampFromDate(signed.notAfter),
  };
}
