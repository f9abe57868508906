import { deadline, MusterError, newId } from "@muster/core";
import { verifications } from "@muster/database";
import type { VerifySample } from "@muster/repository";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { markVerified } from "./points-store.ts";
import { servicesIn } from "./rebuild.ts";
import { type CatalogRepository, type DomainReport, openRepository, type VerifyLevel } from "./repository-port.ts";

/** Reading everything may take this long, in milliseconds. */
const patience = 6 * 3_600_000;

export interface VerifyReport {
  readonly repository: string;
  readonly level: VerifyLevel;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly points: number;
  readonly bytesRead: number;
  readonly damage: { service: string; point?: string | undefined; object: string; message: string }[];
}

/**
 * Verifies the points of one service or of all, stores the report, and notes on each point when it was verified and
 * whether it is damaged. A repository that cannot be read throws and changes no point: that is not damage.
 */
export async function verifyRepository(
  cp: ControlPlane,
  request: {
    repository: string;
    level: VerifyLevel;
    service?: string | undefined;
    /** Reads one slice of the packs: what is damaged is noted, but no point is proven by a part. */
    sample?: VerifySample | undefined;
  },
  by: Actor,
): Promise<VerifyReport> {
  const repository = await openRepository(cp.repositories, request.repository);
  const startedAt = new Date(cp.clock.now()).toISOString();
  const signal = deadline(patience);
  const found = new Map<string, DomainReport>();
  for (const service of await servicesOf(repository, cp.db, request.service)) {
    found.set(
      service,
      await repository.domain(service).verify({ level: request.level, sample: request.sample, signal }),
    );
  }
  const finishedAt = new Date(cp.clock.now()).toISOString();
  const report = { repository: request.repository, level: request.level, startedAt, finishedAt, ...sum(found) };
  await cp.db.transaction((tx) => storeReport(tx, report, { found, by, sampled: request.sample !== undefined }));
  return report;
}

async function servicesOf(repository: CatalogRepository, tx: Tx, service: string | undefined): Promise<string[]> {
  const known = await servicesIn(repository, tx);
  if (service === undefined) return known;
  if (known.includes(service)) return [service];
  throw new MusterError("not-found", `neither the repository, nor a plan, nor the catalog has a service ${service}`);
}

function sum(found: ReadonlyMap<string, DomainReport>): Pick<VerifyReport, "points" | "bytesRead" | "damage"> {
  const reports = [...found.values()];
  return {
    points: reports.reduce((total, { points }) => total + points.length, 0),
    bytesRead: reports.reduce((total, { bytesRead }) => total + bytesRead, 0),
    damage: [...found].flatMap(([service, { damage }]) => damage.map((item) => ({ service, ...item }))),
  };
}

async function storeReport(
  tx: Tx,
  report: VerifyReport,
  { found, by, sampled }: { found: ReadonlyMap<string, DomainReport>; by: Actor; sampled: boolean },
): Promise<void> {
  const { repository, level } = report;
  const [startedAt, finishedAt] = [new Date(report.startedAt), new Date(report.finishedAt)];
  await tx
    .insert(verifications)
    .values({ id: newId("ver"), repository, level, startedAt, finishedAt, report: { ...report } });
  for (const { points, damage } of found.values()) {
    const damaged = new Set(damage.flatMap(({ point }) => point ?? []));
    const note = { verifiedAt: finishedAt, verifyLevel: level };
    const whole = points.filter((id) => !damaged.has(id));
    if (!sampled) await markVerified(tx, repository, whole, { ...note, damaged: false });
    await markVerified(tx, repository, [...damaged], { ...note, damaged: true });
  }
  const details = { level, points: report.points, damage: report.damage.length };
  await recordAudit(tx, finishedAt.getTime(), { actor: by, action: "repository.verify", subject: repository, details });
}
