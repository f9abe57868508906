import { MusterError } from "@muster/core";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane } from "../context.ts";
import { findHost, markRevoked } from "./store.ts";

/** Voids a host's certificates and ends its session at once. Throws `not-found`, `conflict` when it is revoked already. */
export async function revokeHost(cp: ControlPlane, name: string, actor: Actor, reason: string): Promise<void> {
  const now = cp.clock.now();
  await cp.db.transaction(async (tx) => {
    if ((await findHost(tx, name)) === undefined) throw new MusterError("not-found", `there is no host ${name}`);
    if (!(await markRevoked(tx, name, new Date(now)))) {
      throw new MusterError("conflict", `the host ${name} is revoked already`);
    }
    await recordAudit(tx, now, { actor, action: "host.revoke", subject: name, details: { reason } });
  });
  cp.sessions.end(name, "certificate-revoked", `${name} was revoked${reason === "" ? "" : `: ${reason}`}`);
  cp.events.publish({ type: "host", subject: name, data: { state: "revoked" } });
}
