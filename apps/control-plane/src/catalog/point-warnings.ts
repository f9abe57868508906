import { type ApiPointWarning, pointWarningSchema } from "@muster/protocol";
import { z } from "zod";
import type { PointRow } from "./points-store.ts";

const factsSchema = z.object({
  systemIdentifier: z.string().default(""),
  warnings: z.array(pointWarningSchema).default([]),
});

/** What the agent found doubtful about a point; it is in the point's facts, and so in the repository. */
export function pointWarnings({ facts }: Pick<PointRow, "facts">): ApiPointWarning[] {
  return factsSchema.safeParse(facts).data?.warnings ?? [];
}

/** PostgreSQL's system identifier in a point; empty for other sources. */
export function systemIdentifierOf({ facts }: Pick<PointRow, "facts">): string {
  return factsSchema.safeParse(facts).data?.systemIdentifier ?? "";
}

/**
 * Points of one source in groups that do not push each other out: those that nobody doubts, and beside them those of each
 * cluster that was not expected. When an operator says that it is meant (`expect` in agent.yaml), its next point is not
 * doubted, and the points of that cluster join the first group.
 */
export function lineages(points: readonly PointRow[]): PointRow[][] {
  const own = new Set(points.filter((point) => !isDoubted(point)).map(systemIdentifierOf));
  const groups = Map.groupBy(points, (point) => {
    const identifier = systemIdentifierOf(point);
    return isDoubted(point) && !own.has(identifier) ? identifier : "";
  });
  return [...groups.values()];
}

function isDoubted(point: PointRow): boolean {
  return pointWarnings(point).some(({ code }) => code === "wrong-target");
}
