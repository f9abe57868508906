import { newId, newSecret } from "@muster/core";
import { hashToken } from "../access/callers.ts";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane } from "../context.ts";
import { insertEnrolmentToken } from "./store.ts";

/** Makes a one-time token with which a host enrols: where to, what authority to expect there, and a secret. */
export async function createEnrolmentToken(
  cp: ControlPlane,
  { host, lifeMs, actor }: { readonly host: string; readonly lifeMs: number; readonly actor: Actor },
): Promise<{ token: string; expiresAt: Date }> {
  const now = cp.clock.now();
  const expiresAt = new Date(now + lifeMs);
  const secret = newSecret();
  const row = {
    id: newId("enr"),
    host,
    hash: hashToken(secret),
    createdAt: new Date(now),
    createdBy: actor,
    expiresAt,
  };
  await cp.db.transaction(async (tx) => {
    await insertEnrolmentToken(tx, row);
    const details = { expiresAt: expiresAt.toISOString() };
    await recordAudit(tx, now, { actor, action: "enrolment-token.create", subject: host, details });
  });
  const content = { server: cp.identity.endpoints().enrol, fingerprint: cp.identity.fingerprint, secret, host };
  return { token: `muster1.${Buffer.from(JSON.stringify(content)).toString("base64url")}`, expiresAt };
}
