import type { CheckFinding, Run, StepPlan } from "@muster/recovery";
import type { ControlPlane } from "../../context.ts";
import { readInventory } from "../../hosts/views.ts";
import { hostRows } from "../store.ts";
import { finding } from "./finding.ts";

/** A host's clock may differ by this much from the control plane's, in milliseconds. */
const clockBound = 5000;

type Host = Awaited<ReturnType<typeof hostRows>> extends Map<string, infer Row> ? Row : never;

/** Every host of the run: is it there, is its clock right, has it the actions and probes that the steps name? */
export async function checkHosts(
  cp: Pick<ControlPlane, "db" | "commands">,
  plan: Run["plan"],
): Promise<CheckFinding[]> {
  const names = [...new Set(plan.steps.map(({ host }) => host))].sort();
  const rows = await hostRows(cp.db, names);
  return names.flatMap((name) => {
    const row = rows.get(name);
    if (row === undefined || row.revokedAt !== null) return [absent(name)];
    if (!cp.commands.isOnline(name)) return [offline(name)];
    const steps = plan.steps.filter(({ host }) => host === name);
    return [...clockFindings(row, plan.target), ...missingNames(row, steps)];
  });
}

function absent(host: string): CheckFinding {
  const hint = `Enrol it with: muster token create --host ${host}`;
  return finding("error", "host-offline", host, `no agent is enrolled for the host ${host}`, hint);
}

function offline(host: string): CheckFinding {
  const hint = `Start muster-agent on ${host}, or restore onto another host with --onto ${host}=OTHER; then try again.`;
  return finding("error", "host-offline", host, `the agent of the host ${host} is not connected`, hint);
}

/** With a moment as target, times of several clocks are compared: then a clock that is off is an error. */
function clockFindings({ name, clockOffsetMs }: Host, target: Run["plan"]["target"]): CheckFinding[] {
  if (clockOffsetMs === null || Math.abs(clockOffsetMs) <= clockBound) return [];
  const severity = target === "latest" ? "warning" : "error";
  const message = `the clock of ${name} differs by ${Math.round(clockOffsetMs)} ms; ${clockBound} ms are allowed`;
  return [finding(severity, "clock-offset", name, message, "Set the clock right, by NTP for example.")];
}

function missingNames(row: Host, steps: readonly StepPlan[]): CheckFinding[] {
  const inventory = readInventory(row);
  const actions = new Set(inventory?.actions);
  const probes = new Set(inventory?.probes.map(({ name }) => name));
  const sources = new Set(inventory?.sources.map(({ name }) => name));
  const wanted = (kind: string): Set<string> => new Set(steps.flatMap((step) => namesOf(step, kind)));
  return [
    ...lacking(row.name, wanted("action"), actions, "action"),
    ...lacking(row.name, wanted("gate"), probes, "probe"),
    ...lacking(row.name, wanted("restore"), sources, "source"),
  ];
}

function namesOf({ work }: StepPlan, kind: string): readonly string[] {
  if (work.kind !== kind) return [];
  if (work.kind === "action") return [work.action];
  if (work.kind === "restore") return [work.source];
  return work.kind === "gate" ? work.gate.probes : [];
}

function lacking(
  host: string,
  wanted: ReadonlySet<string>,
  has: ReadonlySet<string>,
  kind: "action" | "probe" | "source",
): CheckFinding[] {
  return [...wanted.difference(has)].map((name) => {
    const hint = `Declare it under ${kind}s in agent.yaml on ${host}.`;
    return finding("error", `${kind}-unknown`, `${host}/${name}`, `the host ${host} has no ${kind} ${name}`, hint);
  });
}
