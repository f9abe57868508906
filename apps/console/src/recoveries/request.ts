import type { RecoveryRequest } from "@muster/protocol";

/** What the form for a recovery holds. */
export interface Wish {
  readonly scenario: string;
  /** Empty for the latest recovery points; otherwise a moment in UTC as the browser's field gives it: `2026-03-02T14:30`. */
  readonly moment: string;
  readonly reason: string;
}

/** The request that the form stands for. */
export function requestOf({ scenario, moment, reason }: Wish): RecoveryRequest {
  return {
    scenario,
    target: moment === "" ? "latest" : `${moment.length === 16 ? `${moment}:00` : moment}Z`,
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
}
