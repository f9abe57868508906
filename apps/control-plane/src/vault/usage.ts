import { formatSize, MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import type { VaultConfig } from "../config.ts";
import type { Permissions } from "./permission.ts";
import { createTally } from "./tally.ts";

export type Quotas = Pick<VaultConfig, "quota" | "quotaPerHost" | "keepFree">;

/** The bytes of one repository and who may add more. */
export interface Usage {
  /**
   * Sets so many bytes of an object aside until the returned function is called, with whether they were written. Throws
   * `disk-full` when a quota or the disk does not allow them.
   */
  reserve(permissions: Permissions, key: string, bytes: number): Promise<(written: boolean) => void>;
  /** Bytes that this host can still add; undefined where nothing is known. */
  free(permissions: Permissions): Promise<number | undefined>;
}

/** How long a count is good for, in milliseconds: an hour, or a minute before a quota refuses, since a sweep may have made room. */
const goodFor = { adding: 3_600_000, refusing: 60_000 };

/** Nothing is counted where there is no quota. A host's share is that of the services that it protects. */
export function createUsage(store: ObjectStore, quotas: Quotas): Usage {
  const tally = createTally(store);
  const counts = quotas.quota !== undefined || quotas.quotaPerHost !== undefined;
  let pending = 0;

  /** What bounds the host, nearest first. */
  const bounds = async (permissions: Permissions): Promise<Bound[]> => {
    if (counts) await tally.count(goodFor.adding);
    const disk = await store.freeSpace?.();
    const all = () => tally.sum(() => true);
    const own = () => tally.sum((domain) => permissions.domains.get(domain) === "write");
    return [
      ...bound(disk, () => quotas.keepFree, diskFull(quotas.keepFree)),
      ...bound(quotas.quota, all, overQuota("of the repository", quotas.quota)),
      ...bound(quotas.quotaPerHost, own, overQuota(`of the host ${permissions.host}`, quotas.quotaPerHost)),
    ];
  };
  const refusalOf = (bytes: number, among: readonly Bound[]): MusterError | undefined =>
    among.find(({ left }) => left() - pending < bytes)?.refusal(bytes);

  return {
    async reserve(permissions, key, bytes) {
      const found = await bounds(permissions);
      let refusal = refusalOf(bytes, found);
      if (refusal !== undefined && counts && (await tally.count(goodFor.refusing))) refusal = refusalOf(bytes, found);
      if (refusal !== undefined) throw refusal;
      pending += bytes;
      return (written) => {
        pending -= bytes;
        if (written) tally.add(key, bytes);
      };
    },
    async free(permissions) {
      const lefts = (await bounds(permissions)).map(({ left }) => left() - pending);
      return lefts.length === 0 ? undefined : Math.max(0, Math.min(...lefts));
    },
  };
}

/** Asked at the very moment of a decision: others write meanwhile. */
interface Bound {
  readonly left: () => number;
  readonly refusal: (bytes: number) => MusterError;
}

function bound(limit: number | undefined, used: () => number, refusal: Bound["refusal"]): Bound[] {
  return limit === undefined ? [] : [{ left: () => limit - used(), refusal }];
}

const diskFull = (keepFree: number) => (bytes: number) =>
  new MusterError("disk-full", `the disk of the vault has no room for ${formatSize(bytes)} more`, {
    hint: `Free space on the control plane's machine, or move the vault to a larger disk; ${formatSize(keepFree)} stay free (vault.keepFree).`,
    details: { reason: "disk" },
  });

const overQuota =
  (whose: string, limit = 0) =>
  (bytes: number) =>
    new MusterError(
      "disk-full",
      `the quota ${whose} in the vault, ${formatSize(limit)}, has no room for ${formatSize(bytes)} more`,
      {
        hint: "Raise vault.quota or vault.quotaPerHost in control-plane.yaml, or keep fewer recovery points and let a sweep run.",
        retryable: false,
        details: { reason: "quota", limit },
      },
    );
