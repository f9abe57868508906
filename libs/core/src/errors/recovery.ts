import { entries } from "./entry.ts";

export const recoveryErrors = entries({
  "selection-empty": {
    kind: "invalid",
    summary: "The selection names nothing to recover.",
    hint: "Check names with: muster plan show",
    retryable: false,
  },
  "target-in-future": {
    kind: "invalid",
    summary: "The target time lies in the future.",
    hint: "Choose a moment that has passed.",
    retryable: false,
  },
  "target-before-first-point": {
    kind: "precondition",
    summary: "No recovery point is old enough for the target time.",
    hint: "List them with: muster points",
    retryable: false,
  },
  "target-too-early": {
    kind: "precondition",
    summary: "The target lies before the moment at which the backup is consistent.",
    hint: "Restore from an older backup.",
    retryable: false,
  },
  "target-too-late": {
    kind: "precondition",
    summary: "The log ends before the target.",
    hint: "Recover to the latest moment instead, or to a restore point that is in the log.",
    retryable: false,
  },
  "no-recovery-point": {
    kind: "precondition",
    summary: "A source has no recovery point.",
    hint: "Back it up first: muster backup SOURCE",
    retryable: false,
  },
  "space-insufficient": {
    kind: "precondition",
    summary: "The disk has no room for the restore beside the data kept aside.",
    hint: "Free space on the named disk or restore onto another host.",
    retryable: false,
  },
  "version-mismatch": {
    kind: "precondition",
    summary: "The server's version does not fit the recovery point.",
    hint: "Install the major version named.",
    retryable: false,
  },
  "wrong-target": {
    kind: "precondition",
    summary: "The target is not the one expected.",
    hint: "Check the address in agent.yaml; confirm a new target with --allow-new-target.",
    retryable: false,
  },
  "recovery-active": {
    kind: "conflict",
    summary: "Another recovery works on the same target.",
    hint: "Watch or cancel that one first.",
    retryable: false,
  },
  "recovery-superseded": {
    kind: "conflict",
    summary: "A newer recovery has restored the same target since.",
    hint: "Roll back the newer one first.",
    retryable: false,
  },
  "drill-unsupported": {
    kind: "precondition",
    summary: "The agents of this version have no isolated targets to drill into.",
    hint: "Use a preview with checks to see whether a recovery would succeed.",
    retryable: false,
  },
  "approval-void": {
    kind: "conflict",
    summary: "The approval was for another plan or target.",
    hint: "Preview and approve again.",
    retryable: false,
  },
  "checks-failed": {
    kind: "precondition",
    summary: "The checks before the recovery found something that stops it.",
    hint: "Mend what the findings name.",
    retryable: false,
  },
  "gate-failed": {
    kind: "precondition",
    summary: "A health gate did not pass before its deadline.",
    hint: "Look at the probe's last message, mend, then retry the step.",
    retryable: true,
  },
  "no-way-back": {
    kind: "precondition",
    summary: "The restore would overwrite data with no way back.",
    hint: "Set moveAside and rollBack for the source, or irreversible: true if that loss is acceptable.",
    retryable: false,
  },
  "aside-missing": {
    kind: "not-found",
    summary: "What was moved aside is not there any more.",
    hint: "It was accepted, rolled back, or removed by hand.",
    retryable: false,
  },
});
