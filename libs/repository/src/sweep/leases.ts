import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { type LeaseRecord, leaseFolder, parseRecordKey, readRecord, recordName, sealRecord } from "../lease/record.ts";
import { manifestKey } from "../manifest/points.ts";
import type { Epoch } from "./epoch.ts";

/** No lease may outlive its holder's last sign by more, whatever it asks for. */
const longestSilence = 24 * 3_600_000;

/** A lease as a sweep sees it. */
export interface SeenLease {
  readonly id: string;
  readonly holder: string;
  readonly purpose: string;
  /** It may still commit, or may have committed what cannot be seen yet. */
  readonly alive: boolean;
  /** Ids of marks whose packs it does not use. */
  readonly avoids: readonly string[];
  /** The manifest that it committed or was about to; it may not be there. */
  readonly manifest?: string | undefined;
  /** The numbers of its records, and the store's time of the last one. */
  readonly records: readonly number[];
  readonly lastSign: number;
  /** The store's time of its first record. */
  readonly began: number;
}

/**
 * Every lease of a domain. With an epoch, those whose holder was silent for too long are ended for good first. Throws
 * `repository-corrupt` for a record that cannot be read: what it says is not known.
 */
export async function seeLeases(
  domain: DomainContext,
  now: number,
  epoch: Pick<Epoch, "number"> | undefined,
): Promise<SeenLease[]> {
  const records = new Map<string, number[]>();
  const began = new Map<string, number>();
  for await (const { key, modified } of domain.store.list(leaseFolder(domain))) {
    const found = parseRecordKey(domain, key);
    if (found === undefined) continue;
    records.set(found.id, [...(records.get(found.id) ?? []), found.number]);
    began.set(found.id, Math.min(modified, began.get(found.id) ?? modified));
  }
  const seen: SeenLease[] = [];
  for (const [id, numbers] of records) {
    const lease = await seeLease(domain, id, Math.max(...numbers), { now, epoch });
    const all = [...new Set([...numbers, ...lease.records])].sort((a, b) => a - b);
    seen.push({ ...lease, records: all, began: began.get(id) ?? 0 });
  }
  return seen;
}

interface Look {
  readonly now: number;
  readonly epoch: Pick<Epoch, "number"> | undefined;
}

type Seen = Omit<SeenLease, "began">;

async function seeLease(domain: DomainContext, id: string, listed: number, look: Look): Promise<Seen> {
  const found = await lastRecord(domain, id, listed);
  const first = await domain.store.head(leaseFolder(domain) + recordName(id, 0));
  // A log without its first record was cleaned up, so its lease is over.
  if (found === undefined || first === undefined) return over(id, [], 0);
  const { number, record, modified } = found;
  const silent = "expiresAfter" in record && look.now - modified > Math.min(record.expiresAfter, longestSilence);
  switch (record.kind) {
    case "ended":
    case "revoked":
      return over(id, [number], modified);
    case "committing": {
      const settled = await isSettled(domain, record.manifest, silent && look.epoch !== undefined);
      const last = await readRecord(domain, id, number - 1);
      const before = last?.record.kind === "held" ? last.record : { avoids: [], holder: "", purpose: "" };
      const { manifest } = record;
      return { ...before, id, alive: !settled, manifest, records: [number], lastSign: modified };
    }
    case "held": {
      if (!silent || look.epoch === undefined) {
        return { ...record, id, alive: true, records: [number], lastSign: modified };
      }
      const revoked = await append(domain, id, number + 1, { kind: "revoked", epoch: look.epoch.number });
      return revoked ? over(id, [number, number + 1], look.now) : seeLease(domain, id, number + 1, look);
    }
    default:
      return record satisfies never;
  }
}

function over(id: string, records: readonly number[], lastSign: number): Seen {
  return { id, holder: "", purpose: "", alive: false, avoids: [], records, lastSign };
}

/** The end of a log: what the list showed may not be the last. */
async function lastRecord(domain: DomainContext, id: string, listed: number) {
  let last = await readRecord(domain, id, listed);
  for (let next = last; next !== undefined; next = await readRecord(domain, id, last.number + 1)) last = next;
  if (last === undefined) return undefined;
  const info = await domain.store.head(leaseFolder(domain) + recordName(id, last.number));
  return info === undefined ? undefined : { ...last, modified: info.modified };
}

/**
 * Whether the manifest that was announced is there, or never can be: `close` takes its name with an empty object, which readers
 * pass over. That object stays, for its writer may wake up in a year.
 */
async function isSettled(domain: DomainContext, manifest: string, close: boolean): Promise<boolean> {
  const key = manifestKey(domain, manifest);
  if ((await domain.store.head(key)) !== undefined) return true;
  if (close) await putUnlessThere(domain, key, new Uint8Array(0));
  return close;
}

async function append(domain: DomainContext, id: string, number: number, record: LeaseRecord): Promise<boolean> {
  const sealed = await sealRecord(domain, id, number, record);
  return putUnlessThere(domain, leaseFolder(domain) + recordName(id, number), sealed);
}

async function putUnlessThere({ store }: DomainContext, key: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await store.put(key, bytes);
    return true;
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-exists") return false;
    throw thrown;
  }
}
