import { errorValue, MusterError } from "@muster/core";
import { openStore } from "@muster/object-store";
import type { Unlock } from "@muster/repository";
import { type AuditEntry, recordAudit } from "../../audit/record.ts";
import type { RepositoryPlace } from "../../config.ts";
import type { ControlPlane } from "../../context.ts";
import { unlockOf } from "../open.ts";

/** A repository of the configuration, its store, and what the control plane opens it with. */
export interface KeyAccess {
  readonly name: string;
  readonly place: RepositoryPlace;
  readonly store: Awaited<ReturnType<typeof openStore>>;
  readonly given: Unlock;
}

/** Throws `not-found`, `repository-key-wrong` without a key file, and what opening the store throws. */
export async function keyAccess({ config }: Pick<ControlPlane, "config">, name: string): Promise<KeyAccess> {
  const place = Object.hasOwn(config.repositories, name) ? config.repositories[name] : undefined;
  if (place === undefined) throw new MusterError("not-found", `there is no repository ${name}`);
  return { name, place, store: await openStore(place.url, place), given: await unlockOf(name, place) };
}

/**
 * Records an act on keys, then does it: what a repository cannot take back stands in the audit trail before it happens. A failure is
 * recorded as well.
 */
export async function audited<T>(
  cp: Pick<ControlPlane, "db" | "clock">,
  entry: AuditEntry,
  act: () => Promise<T>,
): Promise<T> {
  await cp.db.transaction((tx) => recordAudit(tx, cp.clock.now(), entry));
  try {
    return await act();
  } catch (thrown) {
    const { code, message } = errorValue(thrown);
    const details = { ...entry.details, code, message };
    await cp.db.transaction((tx) => recordAudit(tx, cp.clock.now(), { ...entry, action: "key.failed", details }));
    throw thrown;
  }
}
