import type { ApiRecovery } from "./recoveries.ts";

/** What a recovery that has ended leaves behind on the hosts until it is accepted or rolled back. */
export type LeftBehind =
  | "nothing"
  /** No data was touched, but services were stopped and not started again. */
  | "stopped"
  /** No data was replaced; what was staged beside it takes room. */
  | "staged"
  /** A restore broke off and could not say whether it had replaced anything. */
  | "perhaps-old-data"
  | "old-data";

/** What is left behind, by what the agents said of each restore. */
export function leftBehind({ aside, state, steps }: Pick<ApiRecovery, "aside" | "state" | "steps">): LeftBehind {
  if (aside === "kept") {
    const restores = steps.filter(({ kind, attempt }) => kind === "restore" && attempt > 0);
    if (
      restores.some(
        (step) => step.state === "succeeded" && typeof step.result?.asideId === "string" && step.result.asideId !== "",
      )
    )
      return "old-data";
    const unclear = restores.some(
      ({ state: end, error }) => end !== "succeeded" && error?.details?.restore === undefined,
    );
    return unclear ? "perhaps-old-data" : "staged";
  }
  const broke = state === "cancelled" || state === "timed_out" || state === "failed";
  const down = (service: string): boolean =>
    steps.some((step) => step.service === service && step.phase === "start" && step.state !== "succeeded");
  const stopped = steps.some(
    ({ phase, state: end, service }) => phase === "stop" && end === "succeeded" && down(service),
  );
  return aside === "none" && broke && stopped ? "stopped" : "nothing";
}
