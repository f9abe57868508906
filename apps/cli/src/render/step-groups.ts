import type { ApiRecoveryPreview, ApiStep } from "@muster/protocol";

/** Steps that belong together on the screen: what is stopped first, each tier, and what follows the recovery. */
export interface StepGroup {
  readonly title: string;
  readonly steps: readonly ApiStep[];
}

/** The steps of a recovery in the order in which people think of them. */
export function stepGroups({ steps, tiers }: Pick<ApiRecoveryPreview, "steps" | "tiers">): StepGroup[] {
  const after = steps.filter(({ id }) => id.startsWith("accept/") || id.startsWith("rollback/"));
  const own = steps.filter((step) => !after.includes(step));
  const waves = tiers.map(({ tier, name }) => ({
    title: name === `Tier ${tier}` ? name : `Tier ${tier}: ${name}`,
    steps: own.filter((step) => step.tier === tier && step.phase !== "stop"),
  }));
  const way = after.some(({ id }) => id.startsWith("rollback/")) ? "Roll back" : "Accept";
  return [
    { title: "Stop", steps: own.filter(({ phase }) => phase === "stop") },
    ...waves,
    { title: way, steps: after },
  ].filter((group) => group.steps.length > 0);
}

export function isDone({ state }: ApiStep): boolean {
  return state === "succeeded" || state === "skipped";
}
