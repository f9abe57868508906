import type { ErrorCode } from "@muster/core";
import type { CheckFinding, Run, StepRun, StepWork } from "./model.ts";

/** Everything that can happen to a run. Times in milliseconds since the epoch. */
export type RunEvent =
  /** The first checks, or new ones after the first have found an error. */
  | { readonly type: "check" }
  | { readonly type: "checked"; readonly findings: readonly CheckFinding[] }
  | { readonly type: "approve"; readonly by: string; readonly hash: string }
  | { readonly type: "started"; readonly step: string; readonly attempt: number; readonly at: number }
  | {
      readonly type: "progress";
      readonly step: string;
      readonly attempt: number;
      readonly progress: NonNullable<StepRun["progress"]>;
    }
  | {
      readonly type: "succeeded";
      readonly step: string;
      readonly attempt: number;
      readonly at: number;
      readonly result?: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly type: "failed";
      readonly step: string;
      readonly attempt: number;
      readonly at: number;
      readonly error: NonNullable<StepRun["error"]>;
    }
  | { readonly type: "silent"; readonly host: string }
  | { readonly type: "answered"; readonly host: string }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "cancel"; readonly by: string; readonly reason?: string | undefined }
  /** The time that the plan, or whoever started it, allows the run is over: see `deadlineAt`. */
  | { readonly type: "deadline" }
  | { readonly type: "retry"; readonly step: string }
  | { readonly type: "skip"; readonly step: string; readonly by: string; readonly reason: string }
  | { readonly type: "accept" }
  | { readonly type: "rollBack" };

/** What must be done after a transition is stored. Each may be repeated without harm. */
export type Effect =
  | { readonly type: "check" }
  | {
      readonly type: "dispatch";
      readonly step: string;
      readonly attempt: number;
      readonly host: string;
      readonly work: StepWork;
      /** A retry waits until then. */
      readonly notBefore?: number | undefined;
    }
  | { readonly type: "cancelStep"; readonly step: string; readonly attempt: number; readonly host: string }
  | { readonly type: "releaseTargets" };

export interface Transition {
  readonly run: Run;
  readonly effects: readonly Effect[];
  /** Set when the event does not fit the state; the run is unchanged. */
  readonly refused?: { readonly code: ErrorCode; readonly message: string } | undefined;
}
