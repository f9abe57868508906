import { asMusterError, deadline } from "@muster/core";
import { pointCopies } from "@muster/database";
import { healDomain, type NamedStore } from "@muster/repository";
import { eq } from "drizzle-orm";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { markHealed, pointById, pointsOfRepository } from "./points-store.ts";
import { openRepository, type VerifyLevel } from "./repository-port.ts";
import { type VerifyReport, verifyRepository } from "./verify.ts";

/** Fetching what is damaged may take this long, in milliseconds. */
const patience = 6 * 3_600_000;

export interface HealReport {
  readonly repository: string;
  readonly healed: { service: string; object: string; from?: string | undefined }[];
  readonly points: string[];
  readonly left: VerifyReport["damage"];
}

/**
 * Verifies a repository, and puts whole objects from its copies in the place of what is damaged or missing. Throws `not-found`, and what
 * opening and verifying the repository throw.
 */
export async function healRepository(
  cp: ControlPlane,
  request: { repository: string; level: VerifyLevel; service?: string | undefined },
  by: Actor,
): Promise<HealReport> {
  const { damage } = await verifyRepository(cp, request, by);
  const missing = await missingPoints(cp, request.repository);
  const wanted = request.service === undefined ? missing : missing.filter(({ service }) => service === request.service);
  return healFound(cp, { repository: request.repository, damage, missing: wanted }, by);
}

interface Found {
  readonly repository: string;
  readonly damage: VerifyReport["damage"];
  /** Points that the catalog has and the repository has not. */
  readonly missing?: readonly { readonly service: string; readonly id: string }[];
}

/** Heals what a verification has found, service by service, and notes which points are whole again. */
export async function healFound(
  cp: ControlPlane,
  { repository, damage, missing = [] }: Found,
  by: Actor,
): Promise<HealReport> {
  const report: HealReport = { repository, healed: [], points: [], left: [] };
  const services = new Set([...damage, ...missing].map(({ service }) => service));
  const copies = services.size === 0 ? [] : await copiesOfRepository(cp, repository);
  const signal = deadline(patience);
  for (const service of services) {
    const { store, grant } = await cp.repositories.open(repository);
    const options = {
      damage: damage.filter((item) => item.service === service),
      missingPoints: missing.flatMap((point) => (point.service === service ? [point.id] : [])),
      holder: "control plane",
      signal,
    };
    const done = await healDomain(store, copies, grant(service), options);
    report.healed.push(...done.healed.map((object) => ({ service, ...object })));
    report.points.push(...done.points);
    report.left.push(...done.left.map(({ object, message, point }) => ({ service, object, message, point })));
  }
  const leftIn = new Set(report.left.flatMap(({ point }) => point ?? []));
  const hit = [...damage.flatMap(({ point }) => point ?? []), ...report.points].filter((id) => !leftIn.has(id));
  await cp.db.transaction(async (tx) => {
    await markHealed(tx, repository, [...new Set(hit)]);
    const details = { healed: report.healed.length, points: report.points, left: report.left.length };
    if (services.size > 0) {
      await recordAudit(tx, cp.clock.now(), { actor: by, action: "repository.heal", subject: repository, details });
    }
  });
  return report;
}

/** The other repositories of the configuration that have the same id and can be reached. */
async function copiesOfRepository(cp: ControlPlane, name: string): Promise<NamedStore[]> {
  const { id } = await cp.repositories.open(name);
  const copies: NamedStore[] = [];
  for (const other of cp.repositories.names().filter((known) => known !== name)) {
    try {
      const opened = await cp.repositories.open(other);
      if (opened.id === id) copies.push({ name: other, store: opened.store });
    } catch (thrown) {
      cp.log.warn({ err: asMusterError(thrown), repository: other }, "this repository cannot help to heal another");
    }
  }
  return copies;
}

/** What should be in a repository and is not listed there; what is damaged is another matter. */
async function missingPoints(cp: ControlPlane, name: string): Promise<{ service: string; id: string }[]> {
  const repository = await openRepository(cp.repositories, name);
  const expected = Map.groupBy(await expectedPoints(cp.db, name), ({ service }) => service);
  const missing: { service: string; id: string }[] = [];
  for (const [service, points] of expected) {
    const seen: string[] = [];
    const onDamaged = (key: string): void => void seen.push(key);
    const listed = await repository.domain(service).listPoints({ signal: deadline(patience), onDamaged });
    seen.push(...listed.map(({ id }) => id));
    missing.push(...points.filter(({ id }) => !seen.some((known) => known.endsWith(id))));
  }
  return missing;
}

async function expectedPoints(tx: Tx, name: string): Promise<{ service: string; id: string }[]> {
  const own = (await pointsOfRepository(tx, name)).map(({ service, id }) => ({ service, id }));
  const copied = await tx.select().from(pointCopies).where(eq(pointCopies.repository, name));
  const rows = await Promise.all(copied.map(({ pointId }) => pointById(tx, pointId)));
  const live = rows.filter((row) => row !== undefined && row.expiredAt === null);
  return [...own, ...live.flatMap((row) => (row === undefined ? [] : [{ service: row.service, id: row.id }]))];
}
