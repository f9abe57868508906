import { waitFor } from "@muster/core/testing";
import type { ControlPlane } from "./control-plane.ts";

interface ErrorView {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface PointView {
  readonly id: string;
  readonly damaged: boolean;
  readonly verifiedAt?: string;
  readonly verifyLevel?: string;
  readonly copies: readonly { readonly repository: string; readonly damaged: boolean; readonly verifyLevel?: string }[];
}

export interface BackupView {
  readonly id: string;
  readonly source: string;
  readonly state: string;
  readonly pointId?: string;
  readonly error?: ErrorView;
}

export interface StepView {
  readonly id: string;
  readonly kind: string;
  readonly service: string;
  readonly host: string;
  readonly state: string;
  readonly attempt: number;
  readonly progress?: { readonly done: number; readonly total: number; readonly note: string };
  readonly error?: ErrorView;
}

export interface RecoveryView {
  readonly id: string;
  readonly state: string;
  readonly aside: string;
  readonly steps: readonly StepView[];
}

/** Waits until a backup has ended, and gives it. */
export function backupEnded(controlPlane: ControlPlane, id: string): Promise<BackupView> {
  const ended = async (): Promise<BackupView | undefined> => {
    const backup = await controlPlane.get<BackupView>(`/api/v1/backups/${id}`);
    return ["succeeded", "failed", "cancelled"].includes(backup.state) ? backup : undefined;
  };
  return waitFor(`the end of backup ${id}`, ended, { timeout: 90_000, interval: 100 });
}

/** Waits until a recovery is as it should be, and gives it. */
export async function recoveryWhen(
  controlPlane: ControlPlane,
  id: string,
  what: string,
  wanted: (recovery: RecoveryView) => boolean,
): Promise<RecoveryView> {
  let last: RecoveryView | undefined;
  const probe = async (): Promise<RecoveryView | undefined> => {
    last = await controlPlane.get<RecoveryView>(`/api/v1/recoveries/${id}`);
    return wanted(last) ? last : undefined;
  };
  return waitFor(`recovery ${id}: ${what}`, probe, { timeout: 60_000, interval: 50 }).catch((cause: unknown) => {
    const steps = last?.steps.map((step) => `${step.id} ${step.state}, attempt ${step.attempt}`).join("; ");
    throw new Error(`recovery ${id} did not get to "${what}"; it is ${last?.state}: ${steps}`, { cause });
  });
}

/** The step of this kind, of which there must be one. */
export function stepOf(recovery: RecoveryView, kind: string, service?: string): StepView {
  const found = recovery.steps.filter((step) => step.kind === kind && (service ?? step.service) === step.service);
  const [step] = found;
  if (step === undefined || found.length > 1)
    throw new Error(`recovery ${recovery.id} has ${found.length} steps of kind ${kind}`);
  return step;
}
