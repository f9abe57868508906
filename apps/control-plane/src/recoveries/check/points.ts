import { asMusterError, mapLimit } from "@muster/core";
import type { CheckFinding, RecoveryPlan, ResolvedSource } from "@muster/recovery";
import type { ControlPlane } from "../../context.ts";
import { otherPlaces } from "../../copies/other-places.ts";
import { failedCheck, finding } from "./finding.ts";

/** Manifests read at the same time. */
const parallel = 4;

/** Is every point really in its repository, or in a copy of it? Opening one reads and decrypts its manifest. */
export async function checkPoints(
  cp: Pick<ControlPlane, "repositories" | "db">,
  plan: RecoveryPlan,
): Promise<CheckFinding[]> {
  const answers = await mapLimit(plan.sources, parallel, (source) => checkPoint(cp, source));
  return answers.flat();
}

async function checkPoint(cp: Pick<ControlPlane, "repositories" | "db">, source: ResolvedSource) {
  const found = await checkIn(cp, source, source.repository);
  if (!found.some(({ severity }) => severity === "error")) return found;
  for (const copy of await otherPlaces(cp.db, source)) {
    const there = await checkIn(cp, source, copy);
    if (there.length === 0) return [...found.map((finding) => notNeeded(finding, copy)), ...there];
  }
  return found;
}

async function checkIn(
  { repositories }: Pick<ControlPlane, "repositories">,
  source: ResolvedSource,
  name: string,
): Promise<CheckFinding[]> {
  const subject = `${source.service}/${source.source}`;
  try {
    const repository = await repositories.open(name);
    const { summary } = await repository.domain(source.service).openPoint(source.pointId);
    return summary.source === source.source ? [] : [otherSource(subject, source.pointId, summary.source)];
  } catch (thrown) {
    return [failedCheck(subject, asMusterError(thrown))];
  }
}

/** What is wrong with a repository does not stop a recovery that has a copy to read from. */
function notNeeded(finding: CheckFinding, copy: string): CheckFinding {
  return {
    ...finding,
    severity: "warning",
    hint: `The point is whole in its copy in ${copy}, and restored from there.`,
  };
}

function otherSource(subject: string, point: string, found: string): CheckFinding {
  const message = `the recovery point ${point} in the repository is of the source ${found}`;
  return finding("error", "wrong-target", subject, message, "Rebuild the catalog from the repository.");
}
