import { deadline } from "@muster/core";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { forgetCopies, insertPointCopies } from "../copies/store.ts";
import { allServices } from "../plans/store.ts";
import { insertPoints, type NewPointRow, pointsOfRepository, servicesWithPoints, setDamaged } from "./points-store.ts";
import { type CatalogRepository, type ListedPoint, openRepository } from "./repository-port.ts";

/** Reading every manifest of a repository may take this long, in milliseconds. */
const patience = 10 * 60_000;

export interface Rebuilt {
  readonly repository: string;
  /** Points with a manifest in the repository. */
  readonly found: number;
  /** Those of them that the catalog did not have. */
  readonly added: number;
  /** Points of the catalog whose manifest is gone; they are marked as damaged. */
  readonly missing: readonly string[];
}

/**
 * Makes the catalog say what the repository's manifests say, for every service that has a domain there, or that a plan or the
 * catalog names. All manifests are read before anything is written: a list that fails changes nothing and throws.
 */
export async function rebuildCatalog(cp: ControlPlane, name: string, by: Actor): Promise<Rebuilt> {
  const repository = await openRepository(cp.repositories, name);
  const signal = deadline(patience);
  const rows: NewPointRow[] = [];
  const services = await servicesIn(repository, cp.db);
  for (const [n, service] of services.entries()) {
    const listed = await repository.domain(service).listPoints({ signal });
    rows.push(...listed.map((point) => rowOf(point, service, name)));
    const rebuild = { service, done: n + 1, total: services.length, points: listed.length };
    cp.events.publish({ type: "point", subject: name, data: { rebuild } });
  }
  return cp.db.transaction(async (tx) => {
    const rebuilt = { repository: name, found: rows.length, ...(await compare(tx, name, rows, cp.clock.now())) };
    await recordAudit(tx, cp.clock.now(), {
      actor: by,
      action: "catalog.rebuild",
      subject: name,
      details: { ...rebuilt },
    });
    return rebuilt;
  });
}

async function compare(tx: Tx, repository: string, rows: readonly NewPointRow[], now: number) {
  const added = await insertPoints(tx, rows);
  const present = new Set(rows.map(({ id }) => id));
  await insertPointCopies(tx, repository, [...present], new Date(now));
  await forgetCopies(tx, repository, present, new Date(now - patience));
  // A backup that ended while the manifests were read is in the catalog and rightly not in the list.
  const settled = (await pointsOfRepository(tx, repository)).filter(
    (point) => point.finishedAt.getTime() < now - patience,
  );
  const missing = settled.filter(({ id }) => !present.has(id)).map(({ id }) => id);
  await setDamaged(tx, missing);
  return { added: added.length, missing };
}

/** The domains to look into: those that the repository has, which an empty catalog does not know, and those it should have. */
export async function servicesIn(repository: CatalogRepository, tx: Tx): Promise<string[]> {
  const stored: string[] = [];
  for await (const domain of repository.domains()) stored.push(domain);
  const planned = (await allServices(tx)).map(({ name }) => name);
  return [...new Set([...stored, ...planned, ...(await servicesWithPoints(tx))])].sort();
}

function rowOf(point: ListedPoint, service: string, repository: string): NewPointRow {
  const { id, source, kind, host, logicalBytes, storedBytes, entries, facts } = point;
  return {
    id,
    service,
    source,
    sourceType: kind,
    repository,
    host,
    logicalBytes,
    storedBytes,
    entries,
    facts: { ...facts },
    startedAt: new Date(point.startedAt),
    takenAt: new Date(point.takenAt),
    finishedAt: new Date(point.finishedAt),
  };
}
