import { formatSize } from "@muster/core";
import type { StepPlan } from "@muster/recovery";

/** What a step does, in words: `restore orders from 2026-03-02 12:03 UTC (1.20 GB)`. */
export function stepTitle({ work, service }: StepPlan): string {
  switch (work.kind) {
    case "action":
      return `${work.purpose} ${service} (${work.action})`;
    case "restore":
      return `restore ${work.source} from ${minuteOf(work.takenAt)} (${formatSize(work.bytes)})`;
    case "gate":
      return `wait until ${work.gate.probes.join(", ")} ${work.gate.probes.length === 1 ? "passes" : "pass"}`;
    case "aside":
      return work.verb === "accept" ? `drop what ${work.source} kept aside` : `put back what ${work.source} kept aside`;
  }
}

function minuteOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
