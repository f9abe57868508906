import type { Gate, Selection } from "../plan/schema.ts";

/** The states of a run; only `transition` changes them. */
export type RunState =
  | "draft"
  | "checking"
  | "awaiting_approval"
  | "running"
  | "paused"
  | "verifying"
  | "succeeded"
  | "completed_with_exceptions"
  | "failed"
  | "cancelled"
  | "timed_out"
  | "rolled_back";

/** `unknown`: the agent is silent; reconcile with it, never assume failure. */
export type StepState =
  | "pending"
  | "ready"
  | "dispatched"
  | "running"
  | "succeeded"
  | "failed"
  | "skipped"
  | "cancelled"
  | "unknown";

/** What a step does; the target host's agent carries it out. */
export type StepWork =
  | {
      readonly kind: "action";
      readonly action: string;
      readonly purpose: "fence" | "stop" | "prepare" | "start" | "open";
    }
  | {
      readonly kind: "restore";
      readonly source: string;
      readonly sourceType: string;
      readonly repository: string;
      /** The domain in the repository: the service's name. */
      readonly domain: string;
      readonly pointId: string;
      /** Milliseconds since the epoch: the moment restored to. */
      readonly takenAt: number;
      readonly bytes: number;
    }
  | { readonly kind: "aside"; readonly verb: "accept" | "roll_back"; readonly source: string; readonly asideId: string }
  | { readonly kind: "gate"; readonly gate: Gate & { readonly probes: readonly string[] } };

export interface StepPlan {
  /** Unique in the run and stable over replays: `orders-db/restore/orders`. */
  readonly id: string;
  readonly service: string;
  readonly tier: number;
  /** Stop steps run before any wave; `wave` steps in tier order. */
  readonly phase: "stop" | "restore" | "start" | "gate";
  readonly host: string;
  /** The host whose place this one takes, when the service comes back on another than its own. */
  readonly replaces?: string | undefined;
  readonly work: StepWork;
  /** Ids of steps that must have succeeded (or been skipped) before. */
  readonly after: readonly string[];
  /** Expected milliseconds, from measured history; undefined without history. */
  readonly forecast?: number | undefined;
}

/** The order of work of a recovery: a value, printed as the preview and hashed for the approval. */
export interface RecoveryPlan {
  readonly planName: string;
  readonly planVersion: number;
  readonly planHash: string;
  readonly scenario?: string | undefined;
  readonly selection: Selection;
  readonly mode: "real" | "drill";
  /** "latest", or milliseconds since the epoch. */
  readonly target: "latest" | number;
  /** Source host → the host that takes its place. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly needsApproval: boolean;
  /** Somebody has accepted targets other than those that the points came from. */
  readonly allowNewTarget?: boolean | undefined;
  readonly stepsPerHost: number;
  /** Milliseconds after its start in which the run has to end; undefined: as long as it takes. */
  readonly deadline?: number | undefined;
  readonly objectives: { readonly rto?: number | undefined; readonly rpo?: number | undefined };
  readonly steps: readonly StepPlan[];
  /** Per source: how far its point lies before the target, in milliseconds. */
  readonly sources: readonly ResolvedSource[];
  /** Largest difference between the moments of the points, in milliseconds. */
  readonly spread: number;
  /** Ids of the steps on the critical path by forecast. */
  readonly criticalPath: readonly string[];
  /** Milliseconds by forecast along the critical path; undefined without history. */
  readonly forecast?: number | undefined;
}

export interface ResolvedSource {
  readonly service: string;
  readonly tier: number;
  readonly source: string;
  readonly sourceType: string;
  readonly fromHost: string;
  readonly toHost: string;
  readonly pointId: string;
  readonly repository: string;
  readonly takenAt: number;
  /** Target − takenAt in milliseconds (for "latest": now − takenAt). */
  readonly distance: number;
  readonly bytes: number;
}

export interface StepRun {
  readonly id: string;
  readonly state: StepState;
  /** 0 before the first dispatch. */
  readonly attempt: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly error?:
    | {
        readonly code: string;
        readonly message: string;
        readonly hint: string;
        readonly retryable?: boolean;
        /** Of a restore: `restore: "untouched"` when it has left nothing behind, `"staged"` when it has replaced nothing. */
        readonly details?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
  readonly progress?:
    | {
        readonly done: number;
        readonly total: number;
        readonly unit: "bytes" | "items" | "probes";
        readonly note?: string;
      }
    | undefined;
  /** What the agent reported: `asideId`, `recoveredTo`, output … */
  readonly result?: Readonly<Record<string, unknown>> | undefined;
  /** Who skipped it and why. */
  readonly skipped?: { readonly by: string; readonly reason: string } | undefined;
}

export interface CheckFinding {
  readonly severity: "error" | "warning" | "info";
  readonly code: string;
  readonly subject: string;
  readonly message: string;
  readonly hint: string;
}

/** A recovery run: everything that the engine knows of it, one JSON document in the database. */
export interface Run {
  readonly id: string;
  readonly state: RunState;
  readonly plan: RecoveryPlan;
  /** SHA-256 of the canonical recovery plan: what an approval is bound to. */
  readonly hash: string;
  readonly steps: Readonly<Record<string, StepRun>>;
  readonly findings: readonly CheckFinding[];
  readonly createdAt: number;
  readonly createdBy: string;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  /** From here on it is stopped, when the plan has a deadline; counted anew when it goes on after it had failed. */
  readonly deadlineAt?: number | undefined;
  /** When the disaster began, for the actual RTO and RPO: first failed probe, or when it was declared. */
  readonly failureAt?: number | undefined;
  readonly approval?: { readonly by: string; readonly at: number; readonly hash: string } | undefined;
  /** Somebody cancelled it; it ends when the steps in hand have. */
  readonly cancelledBy?: string | undefined;
  /** Its deadline has passed; like a cancelled run it ends when the steps in hand have, as `timed_out`. */
  readonly timedOut?: boolean | undefined;
  /** Steps that accept or roll back, made when somebody asks for it; not part of the approved plan. */
  readonly asideSteps?: readonly StepPlan[] | undefined;
  /** What became of the data kept aside. */
  readonly aside: "none" | "kept" | "accepting" | "accepted" | "rolling_back" | "rolled_back";
  readonly reason?: string | undefined;
}
