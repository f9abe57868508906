import { MusterError } from "@muster/core";
import { z } from "zod";
import type { DomainContext } from "../context.ts";
import { openJson, sealJson } from "../encrypt/sealed-json.ts";

/** `<source>/<time>-<point id>`; a sweep may take the name, so it must be one of a manifest. */
const manifestName = z.string().regex(/^[A-Za-z0-9._%-]+\/\d{8}T\d{9}Z-[A-Za-z0-9_-]{1,64}$/);

/**
 * A lease is a log: numbered objects, each of which can be made once. Its holder and the sweeper decide by that who comes
 * first: the holder appends that it is there, and last that it commits; the sweeper appends that the lease is over.
 */
export const leaseRecordSchema = z.discriminatedUnion("kind", [
  /** The holder is there, for `expiresAfter` milliseconds at least; it uses no pack of the marks in `avoids`. */
  z.object({
    kind: z.literal("held"),
    purpose: z.string(),
    holder: z.string(),
    expiresAfter: z.number().int().positive(),
    avoids: z.array(z.string()).readonly(),
  }),
  /** The holder's last word: this manifest comes next, or never. */
  z.object({ kind: z.literal("committing"), manifest: manifestName, expiresAfter: z.number().int().positive() }),
  /** The holder gave up before it committed. */
  z.object({ kind: z.literal("ended") }),
  /** The sweeper's last word: the holder was silent for too long and may commit nothing. */
  z.object({ kind: z.literal("revoked"), epoch: z.number().int().nonnegative() }),
]);

export type LeaseRecord = z.output<typeof leaseRecordSchema>;

/** Where the objects of a domain's leases are. */
export function leaseFolder(domain: DomainContext): string {
  return `${domain.prefix}leases/`;
}

/** `<lease id>/<number>`: the name that is bound to a record, and the end of its key. */
export function recordName(id: string, number: number): string {
  return `${id}/${String(number).padStart(6, "0")}`;
}

/** The lease and number that the key of a record names; undefined for another key. */
export function parseRecordKey(domain: DomainContext, key: string): { id: string; number: number } | undefined {
  const [, id, number] = /^([0-9a-f]{32})\/(\d{6})$/.exec(key.slice(leaseFolder(domain).length)) ?? [];
  return id === undefined || number === undefined ? undefined : { id, number: Number(number) };
}

export function sealRecord(domain: DomainContext, id: string, number: number, record: LeaseRecord): Promise<Buffer> {
  return sealJson(domain, "lease", recordName(id, number), record);
}

export interface StoredRecord {
  readonly number: number;
  readonly record: LeaseRecord;
  readonly sealed: Uint8Array;
}

/** The record of that number, or undefined when there is none. Throws `repository-corrupt`. */
export async function readRecord(domain: DomainContext, id: string, number: number): Promise<StoredRecord | undefined> {
  const name = recordName(id, number);
  try {
    const sealed = await domain.store.get(leaseFolder(domain) + name);
    return { number, sealed, record: await openJson(domain, "lease", name, { sealed, schema: leaseRecordSchema }) };
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-missing") return undefined;
    throw thrown;
  }
}
