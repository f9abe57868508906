import type { ApiHold, ApiSweep } from "@muster/protocol";
import type { SweepReport } from "@muster/repository";
import type { HoldRow, SweepRow } from "./store.ts";

type ServiceSweeps = NonNullable<ApiSweep["services"]>;

/** A report as it is stored: the domains of a repository are services. */
export function reportOf({ epoch, domains }: SweepReport): Record<string, unknown> {
  const services = domains.map(({ domain, ...rest }) => ({ service: domain, ...rest }));
  return { epoch, services };
}

/** A run as the API shows it. */
export function sweepView(row: SweepRow): ApiSweep {
  const { id, repository, dryRun, requestedBy, state } = row;
  return {
    ...{ id, repository, dryRun, requestedBy, state },
    startedAt: row.startedAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString(),
    services: servicesOf(row),
    error: row.error ?? undefined,
  };
}

/** The stored report; written by `reportOf` only. */
export function servicesOf({ report }: SweepRow): ServiceSweeps | undefined {
  return report === null ? undefined : (report.services as ServiceSweeps);
}

/** A hold as the API shows it. */
export function holdView(row: HoldRow): ApiHold {
  const { id, pointId, kind, reason, placedBy } = row;
  return {
    ...{ id, pointId, kind, reason, placedBy },
    placedAt: row.placedAt.toISOString(),
    releasedBy: row.releasedBy ?? undefined,
    releasedAt: row.releasedAt?.toISOString(),
  };
}
