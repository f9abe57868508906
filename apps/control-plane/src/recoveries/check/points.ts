import { asMusterError, mapLimit } from "@muster/core";
import type { CheckFinding, RecoveryPlan, ResolvedSource } from "@muster/recovery";
import type { ControlPlane } from "../../context.ts";
import { failedCheck, finding } from "./finding.ts";

/** Manifests read at the same time. */
const parallel = 4;

/** Is every point really in its repository? Opening one reads and decrypts its manifest. */
export async function checkPoints(cp: Pick<ControlPlane, "repositories">, plan: RecoveryPlan): Promise<CheckFinding[]> {
  const answers = await mapLimit(plan.sources, parallel, (source) => checkPoint(cp, source));
  return answers.flat();
}

async function checkPoint({ repositories }: Pick<ControlPlane, "repositories">, source: ResolvedSource) {
  const subject = `${source.service}/${source.source}`;
  try {
    const repository = await repositories.open(source.repository);
    const { summary } = await repository.domain(source.service).openPoint(source.pointId);
    return summary.source === source.source ? [] : [otherSource(subject, source.pointId, summary.source)];
  } catch (thrown) {
    return [failedCheck(subject, asMusterError(thrown))];
  }
}

function otherSource(subject: string, point: string, found: string): CheckFinding {
  const message = `the recovery point ${point} in the repository is of the source ${found}`;
  return finding("error", "wrong-target", subject, message, "Rebuild the catalog from the repository.");
}
