import { MusterError } from "@muster/core";
import { type Role, roles } from "@muster/protocol";
import { findStep, type Run } from "@muster/recovery";
import type { ControlPlane, Tx } from "../context.ts";
import { apply } from "./apply.ts";

export interface Skip {
  readonly step: string;
  readonly reason: string;
}

/**
 * Goes on without a step, on somebody's word; without a gate only on an approver's, since a gate is what proves that a service is
 * back. Throws `not-found`, `forbidden`, `conflict`, `recovery-active`.
 */
export async function skipStep(
  cp: ControlPlane,
  id: string,
  { step, reason }: Skip,
  caller: { readonly name: string; readonly role: Role },
): Promise<void> {
  const by = `user:${caller.name}` as const;
  const allowed = (_tx: Tx, run: Run): void => {
    const isGate = findStep(run, step)?.work.kind === "gate";
    if (isGate && roles.indexOf(caller.role) < roles.indexOf("approver"))
      throw new MusterError("forbidden", `${step} is a gate, and skipping a gate needs the role approver`);
  };
  const act = { actor: by, action: "recovery.skip", details: { step, reason }, claims: true, allowed };
  await apply(cp, id, { type: "skip", step, by, reason }, act);
}
