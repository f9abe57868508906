import { MusterError, newId } from "@muster/core";
import {
  type EnrolRequest,
  type EnrolResponseSchema,
  type MessageInitShape,
  timestampFromDate,
} from "@muster/protocol/grpc";
import { hashToken } from "../access/callers.ts";
import { recordAudit } from "../audit/record.ts";
import type { ControlPlane } from "../context.ts";
import { upsertHost, useEnrolmentToken } from "./store.ts";

/**
 * Exchanges a one-time token and a signing request for a certificate, in one transaction: a token works once, and only
 * with a request that can be signed. Throws `token-unknown`, `token-expired`, `request-invalid`.
 */
export async function enrolHost(
  cp: ControlPlane,
  request: EnrolRequest,
): Promise<MessageInitShape<typeof EnrolResponseSchema>> {
  const now = new Date(cp.clock.now());
  const { host, signed } = await cp.db.transaction(async (tx) => {
    const token = await useEnrolmentToken(tx, hashToken(request.token), now);
    if (token === undefined) throw new MusterError("token-unknown", "the enrolment token is not known, or was used");
    if (token.expiresAt <= now) {
      throw new MusterError("token-expired", `the enrolment token expired at ${token.expiresAt.toISOString()}`);
    }
    const certificate = await cp.identity.signAgent(token.host, request.signingRequest);
    const row = await upsertHost(tx, {
      id: newId("host"),
      name: token.host,
      certificateFingerprint: certificate.fingerprint,
      certificateExpiresAt: certificate.notAfter,
      enrolledAt: now,
      agentVersion: request.agentVersion,
    });
    if (row === undefined) throw new MusterError("internal", `the host ${token.host} was not stored`);
    const details = { certificate: certificate.fingerprint, agentVersion: request.agentVersion };
    await recordAudit(tx, now.getTime(), {
      actor: `host:${row.name}`,
      action: "host.enrol",
      subject: row.name,
      details,
    });
    return { host: row, signed: certificate };
  });
  // Whoever held the name before must not go on under it.
  cp.sessions.end(host.name, "certificate-revoked", `${host.name} was enrolled anew`);
  cp.events.publish({ type: "host", subject: host.name, data: { state: "enrolled" } });
  return {
    host: host.name,
    hostId: host.id,
    certificate: signed.certificate,
    caCertificate: cp.identity.caCertificate,
    notAfter: timestampFromDate(signed.notAfter),
    sessionAddress: cp.identity.endpoints().session,
  };
}
