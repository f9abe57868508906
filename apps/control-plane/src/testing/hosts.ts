import { newId } from "@muster/core";
import { upsertHost } from "../hosts/store.ts";
import type { TestControlPlane } from "./start.ts";

/** Puts a host in place as if it had enrolled. */
export async function enrolledHost({ cp, clock }: Pick<TestControlPlane, "cp" | "clock">, name: string): Promise<void> {
  await upsertHost(cp.db, {
    id: newId("host"),
    name,
    certificateFingerprint: `fingerprint-${name}`,
    certificateExpiresAt: new Date(clock.now() + 86_400_000),
    enrolledAt: new Date(clock.now()),
    agentVersion: "test",
  });
}
