import type { ApiBackup, ApiPoint } from "@muster/protocol";
import type { PointCopyRow } from "../copies/store.ts";
import { pointWarnings } from "./point-warnings.ts";
import type { PointRow } from "./points-store.ts";
import type { SampleProgress } from "./sample-progress.ts";
import type { BackupRow } from "./store.ts";

/** A backup as the API shows it. */
export function backupView(row: BackupRow): ApiBackup {
  return {
    id: row.id,
    service: row.service,
    source: row.source,
    host: row.host,
    repository: row.repository,
    trigger: row.trigger,
    state: row.state,
    dueAt: row.dueAt?.toISOString(),
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString(),
    finishedAt: row.finishedAt?.toISOString(),
    progress: row.progress ?? undefined,
    pointId: row.pointId ?? undefined,
    error: row.error ?? undefined,
  };
}

/** A recovery point as the API shows it. */
export function pointView(row: PointRow, copies: readonly PointCopyRow[], sampled: SampleProgress): ApiPoint {
  return {
    ...row,
    copies: copies.map(({ repository, copiedAt, verifiedAt, verifyLevel, damaged }) => ({
      repository,
      copiedAt: copiedAt.toISOString(),
      verifiedAt: verifiedAt?.toISOString(),
      verifyLevel: verifyLevel ?? undefined,
      sample: sampled(repository, copiedAt),
      damaged,
    })),
    startedAt: row.startedAt.toISOString(),
    takenAt: row.takenAt.toISOString(),
    finishedAt: row.finishedAt.toISOString(),
    expiredAt: row.expiredAt?.toISOString(),
    expiryReason: row.expiryReason ?? undefined,
    verifiedAt: row.verifiedAt?.toISOString(),
    verifyLevel: row.verifyLevel ?? undefined,
    sample: sampled(row.repository, row.finishedAt),
    warnings: pointWarnings(row),
  };
}
