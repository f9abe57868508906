import type { ObjectStore } from "@muster/object-store";
import { domainContext } from "../context.ts";
import { domainOf } from "../open-domain.ts";
import type { PointReader } from "../read/types.ts";
import { initRepository, openRepository } from "../repository.ts";
import type { Domain, DomainGrant, EntryMeta, PointSummary } from "../types.ts";
import type { PointSpec } from "../write/types.ts";

export const passphrase = "correct horse battery staple";
export const meta: EntryMeta = { mode: 0o644, uid: 1000, gid: 1000, mtimeNs: 1_700_000_000_123_456_789n };
export const takenAt = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A domain of a new repository in the store. */
export async function newDomain(store: ObjectStore, name = "orders"): Promise<Domain> {
  return (await initRepository(store, { passphrase })).domain(name);
}

/** The same domain, opened anew. */
export async function reopenDomain(store: ObjectStore, name = "orders"): Promise<Domain> {
  return (await openRepository(store, { passphrase })).domain(name);
}

/** The same domain with a key that is known already: no passphrase is stretched, no object of the store is asked. */
export function grantedDomain(store: ObjectStore, { repositoryId, domain, key }: DomainGrant): Domain {
  return domainOf(domainContext(store, repositoryId, domain, Buffer.from(key, "base64url")));
}

export function spec(changes: Partial<PointSpec> = {}): PointSpec {
  return { source: "orders/db", kind: "command", host: "db-1", startedAt: takenAt - 1000, ...changes };
}

/** Content in pieces, as a stream gives them. */
export async function* pieces(content: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

/** Commits a point of some files. */
export async function backUp(
  domain: Domain,
  files: Readonly<Record<string, Uint8Array>>,
  changes: Partial<PointSpec> = {},
): Promise<PointSummary> {
  const writer = await domain.beginPoint(spec(changes));
  for (const [path, content] of Object.entries(files)) await writer.addFile(path, meta, pieces(content));
  return writer.commit({ takenAt });
}

/** The content of every file of a point, by path. */
export async function readBack(reader: PointReader): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for await (const entry of reader.entries()) {
    if (entry.type !== "file") continue;
    const parts: Uint8Array[] = [];
    for await (const part of reader.read(entry)) parts.push(part);
    files[entry.path] = Buffer.concat(parts);
  }
  return files;
}
