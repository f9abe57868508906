import { formatSize, MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import type { VaultConfig } from "../config.ts";
import type { Permissions } from "./permission.ts";

export type Quotas = Pick<VaultConfig, "quota" | "quotaPerHost" | "keepFree">;

/** The bytes of one repository and who may add more. */
export interface Usage {
  /**
   * Sets so many bytes of a domain aside until the returned function is called, with whether they were written. Throws
   * `disk-full` when a quota or the disk does not allow them.
   */
  reserve(permissions: Permissions, key: string, bytes: number): Promise<(written: boolean) => void>;
  /** Bytes that this host can still add; undefined where nothing is known. */
  free(permissions: Permissions): Promise<number | undefined>;
  /** Counts anew what is there: a sweep has made room. */
  recount(): Promise<void>;
}

/** Nothing is counted where there is no quota. A host's share is that of the services that it protects. */
export function createUsage(store: ObjectStore, quotas: Quotas): Usage {
  const { quota, quotaPerHost, keepFree } = quotas;
  const counts = quota !== undefined || quotaPerHost !== undefined;
  let used = new Map<string, number>();
  let counting: Promise<void> | undefined;
  let pending = 0;

  const count = async (): Promise<void> => {
    const before = new Map(used);
    const found = new Map<string, number>();
    for await (const { key, size } of store.list("")) add(found, domainIn(key), size);
    // What came in meanwhile may or may not have been seen; it counts.
    for (const [domain, bytes] of used) add(found, domain, bytes - (before.get(domain) ?? 0));
    used = found;
  };
  const recount = (): Promise<void> => {
    counting = count();
    return counting;
  };
  const counted = (): Promise<void> => {
    if (!counts) return Promise.resolve();
    counting ??= count();
    return counting.catch((thrown: unknown) => {
      counting = undefined; // the next one tries again
      throw thrown;
    });
  };

  const ask = async (): Promise<number | undefined> => {
    await counted();
    return store.freeSpace?.();
  };
  /** What bounds the host, as it is at this very moment; `disk` is what was free there a moment ago. */
  const bounds = (permissions: Permissions, disk: number | undefined): Bound[] => {
    const total = sum(used.values());
    const own = sum([...used].map(([domain, bytes]) => (permissions.domains.get(domain) === "write" ? bytes : 0)));
    return [
      { left: disk === undefined ? undefined : disk - keepFree, refusal: diskFull(keepFree) },
      { left: quota === undefined ? undefined : quota - total, refusal: overQuota("of the repository", quota) },
      {
        left: quotaPerHost === undefined ? undefined : quotaPerHost - own,
        refusal: overQuota(`of the host ${permissions.host}`, quotaPerHost),
      },
    ];
  };

  return {
    async reserve(permissions, key, bytes) {
      for (const { left, refusal } of bounds(permissions, await ask())) {
        if (left !== undefined && left - pending < bytes) throw refusal(bytes);
      }
      pending += bytes;
      return (written) => {
        pending -= bytes;
        if (written && counts) add(used, domainIn(key), bytes);
      };
    },
    async free(permissions) {
      const lefts = bounds(permissions, await ask()).flatMap(({ left }) =>
        left === undefined ? [] : [left - pending],
      );
      return lefts.length === 0 ? undefined : Math.max(0, Math.min(...lefts));
    },
    recount: () => (counts ? recount() : Promise.resolve()),
  };
}

interface Bound {
  readonly left: number | undefined;
  readonly refusal: (bytes: number) => MusterError;
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

/** The domain that an object counts for; what belongs to none counts for the repository only. */
function domainIn(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}

function add(to: Map<string, number>, domain: string, bytes: number): void {
  to.set(domain, (to.get(domain) ?? 0) + bytes);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
