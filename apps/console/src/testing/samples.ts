import type { ApiRecovery, ApiServiceStatus, ApiStep } from "@muster/protocol";

/** The moment at which the samples begin. */
export const noon = Date.parse("2026-03-02T12:00:00Z");

/** The moment so many seconds after noon. */
export function at(seconds: number): string {
  return new Date(noon + seconds * 1000).toISOString();
}

export function sampleStep(changes: Partial<ApiStep> = {}): ApiStep {
  const basics = { id: "site/restore/pages", service: "site", tier: 1, phase: "restore", host: "web-1" } as const;
  const work = { kind: "restore", title: "restore pages", after: [], critical: true } as const;
  return { ...basics, ...work, after: [], state: "pending", attempt: 0, ...changes };
}

export function sampleRecovery(changes: Partial<ApiRecovery> = {}): ApiRecovery {
  return {
    ...{ id: "rec_1", state: "running", aside: "none", mode: "real", target: "latest", revision: 1 },
    ...{ plan: { name: "web", version: 1, hash: "a" }, hash: "b", scenario: "defaced", needsApproval: false },
    ...{ objectives: { rtoMs: 120_000, rpoMs: 600_000 }, tiers: [{ tier: 1, name: "Web" }] },
    ...{ sources: [], spreadMs: 0, moves: [], steps: [], criticalPath: [], findings: [] },
    ...{ createdAt: at(0), createdBy: "user:ann", startedAt: at(0) },
    ...changes,
  };
}

export function sampleService(changes: Partial<ApiServiceStatus> = {}): ApiServiceStatus {
  const source = { source: "pages", state: "ok", measuredAt: at(0), measuredBy: "by the newest point" } as const;
  return {
    ...{ plan: "web", service: "site", tier: 1, tierName: "Web", host: "web-1", hostOnline: true },
    ...{
      status: "operational",
      probes: [],
      sources: [{ ...source, warnings: [], copies: [], latestPointAt: at(-60) }],
    },
    ...{ rpoSeconds: 600, exposureSeconds: 60, exposureState: "ok" },
    ...changes,
  };
}
