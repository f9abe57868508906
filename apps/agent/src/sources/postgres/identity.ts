import type { RestoreFinding, SourceContext } from "../source.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import type { Cluster } from "./config.ts";
import { knownIdentifiers } from "./lineage.ts";

/**
 * A word of warning when a backup is of another cluster than the source's points so far: somebody else may listen on the port.
 * No warning where agent.yaml expects this cluster, or Muster has restored the source into it. `previous` is the system
 * identifier of the points so far; empty when there are none.
 */
export async function identityWarnings(
  { config }: Cluster,
  context: Pick<SourceContext, "stateDirectory">,
  { systemIdentifier }: ClusterFacts,
  previous: string,
): Promise<Pick<RestoreFinding, "code" | "message" | "hint">[]> {
  const expected = config.expect.systemIdentifier;
  if (expected === systemIdentifier) return [];
  if (expected !== undefined) {
    const message = `another PostgreSQL cluster than agent.yaml expects: system identifier ${systemIdentifier}, expected ${expected}`;
    return [{ code: "wrong-target", message, hint: `Look who listens on ${config.host}:${config.port}.` }];
  }
  if (previous === "" || previous === systemIdentifier) return [];
  if ((await knownIdentifiers(context)).includes(systemIdentifier)) return [];
  const message = `another PostgreSQL cluster than in the point before: system identifier ${systemIdentifier}, was ${previous}`;
  const hint = `Look who listens on ${config.host}:${config.port}. If it is meant, say so in agent.yaml: expect: { systemIdentifier: "${systemIdentifier}" }.`;
  return [{ code: "wrong-target", message, hint }];
}
