import { type ApiRecovery, recoverySchema } from "@muster/protocol";

/** Ten minutes past noon. */
export const now = Date.UTC(2026, 2, 2, 12, 10);

const step = (id: string, title: string, more: object = {}): object => ({
  ...{ id, title, service: id.split("/")[0], tier: 1, phase: "restore", host: "db-1", kind: "restore" },
  ...{ after: [], critical: true, state: "pending", attempt: 0 },
  ...more,
});
const ran = (from: string, to?: string): object => ({
  attempt: 1,
  startedAt: `2026-03-02T12:0${from}Z`,
  ...(to === undefined ? {} : { finishedAt: `2026-03-02T12:0${to}Z` }),
});

/** A recovery in the middle of its first tier. */
export function sampleRecovery(changes: Partial<ApiRecovery> = {}): ApiRecovery {
  return recoverySchema.parse({
    ...{ id: "rec_1", revision: 7, state: "running", mode: "real", target: "latest", needsApproval: false },
    plan: { name: "shop", version: 3, hash: "abc" },
    ...{ hash: "def", spreadMs: 60_000, forecastMs: 840_000, criticalPath: [], findings: [], aside: "none" },
    objectives: { rtoMs: 3_600_000, rpoMs: 1_800_000 },
    tiers: [
      { tier: 1, name: "Data" },
      { tier: 2, name: "Tier 2" },
    ],
    sources: [
      {
        ...{ service: "db", tier: 1, source: "orders", sourceType: "postgres", fromHost: "db-1", toHost: "db-2" },
        ...{ pointId: "p1", repository: "main", takenAt: "2026-03-02T11:50:00Z", distanceMs: 600_000, bytes: 2e9 },
      },
      {
        ...{ service: "db", tier: 1, source: "roles", sourceType: "files", fromHost: "db-1", toHost: "db-1" },
        ...{ pointId: "p2", repository: "main", takenAt: "2026-03-02T11:51:00Z", distanceMs: 540_000, bytes: 1000 },
      },
    ],
    steps: [
      step("db/stop", "stop db (stop-db)", {
        phase: "stop",
        kind: "action",
        state: "succeeded",
        ...ran("6:00", "6:30"),
      }),
      step("db/restore/orders", "restore orders", {
        ...{ state: "running", ...ran("6:30"), attempt: 2, forecastMs: 300_000 },
        progress: { done: 5e8, total: 2e9, unit: "bytes", note: "loading" },
      }),
      step("db/restore/roles", "restore roles", {
        ...{ critical: false, state: "failed", ...ran("6:30", "7:00") },
        error: { code: "disk-full", message: "no room on /srv", hint: "Free space." },
      }),
      step("db/gate", "wait until up passes", { phase: "gate", kind: "gate" }),
      step("web/start", "start web (start-web)", { tier: 2, phase: "start", kind: "action", host: "web-1" }),
    ],
    createdAt: "2026-03-02T12:05:00Z",
    createdBy: "user:ann",
    startedAt: "2026-03-02T12:06:00Z",
    failureAt: "2026-03-02T12:00:00Z",
    ...changes,
  });
}
