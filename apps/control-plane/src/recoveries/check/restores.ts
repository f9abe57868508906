import { MusterError, mapLimit, newId } from "@muster/core";
import { CheckRestoreSchema, type CommandFinished, create } from "@muster/protocol/grpc";
import type { CheckFinding, RecoveryPlan, ResolvedSource } from "@muster/recovery";
import { recordAudit } from "../../audit/record.ts";
import type { ControlPlane } from "../../context.ts";
import { keyGrants } from "../key-grants.ts";
import { pointFacts } from "../step-command.ts";
import { failedCheck } from "./finding.ts";

/** Questions to agents at the same time. */
const parallel = 16;
/** An agent may take this long to answer, in milliseconds. */
const answerTime = 60_000;

/** Asks each target host whether it could restore its sources: space, versions, the right server. Touches nothing. */
export async function checkRestores(
  cp: ControlPlane,
  plan: RecoveryPlan,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const asked = plan.sources.filter(({ toHost }) => cp.commands.isOnline(toHost));
  const answers = await mapLimit(asked, parallel, (source) =>
    askHost(cp, plan, source, signal).catch((thrown: unknown) => [failedCheck(subjectOf(source), thrown)]),
  );
  return answers.flat();
}

async function askHost(
  cp: ControlPlane,
  plan: RecoveryPlan,
  source: ResolvedSource,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  await auditGrant(cp, plan, source);
  const mine = plan.steps.filter(({ service, host }) => service === source.service && host === source.toHost);
  const value = create(CheckRestoreSchema, {
    service: source.service,
    source: source.source,
    point: await pointFacts(cp.db, source),
    allowNewTarget: plan.allowNewTarget ?? false,
    actions: mine.flatMap(({ work }) => (work.kind === "action" ? [work.action] : [])),
    probes: mine.flatMap(({ work }) => (work.kind === "gate" ? work.gate.probes : [])),
  });
  const command = {
    id: newId("chk"),
    host: source.toHost,
    target: `source/${source.source}`,
    timeoutMs: answerTime,
    work: { case: "checkRestore", value } as const,
  };
  const findings = findingsOf(await cp.commands.ask(command, signal), source);
  const purposes = new Set(mine.flatMap(({ work }) => (work.kind === "action" ? [work.purpose] : [])));
  return findings.map((finding) => excused(finding, purposes));
}

/** A server that runs is what `stop` is for, one that is down what `prepare` is for: the restore looks again after them. */
function excused(finding: CheckFinding, purposes: ReadonlySet<string>): CheckFinding {
  if (finding.code === "source-running" && purposes.has("stop")) {
    return { ...finding, severity: "info", hint: "The stop step ends it first." };
  }
  if (finding.code === "source-unavailable" && purposes.has("prepare")) {
    const hint =
      "The prepare step starts it; the restore checks version, identity and space before it touches anything.";
    return { ...finding, severity: "warning", hint };
  }
  return finding;
}

function findingsOf({ outcome }: CommandFinished, source: ResolvedSource): CheckFinding[] {
  const subject = subjectOf(source);
  if (outcome.case === "check")
    return outcome.value.findings.map(({ severity, code, message, hint }) => ({
      severity: severityOf(severity),
      ...{ code, subject, message, hint },
    }));
  if (outcome.case === "failure") {
    const { code, message, hint } = outcome.value;
    return [{ severity: "error", code, subject, message, hint }];
  }
  return [
    failedCheck(subject, new MusterError("internal", `${source.toHost} answered the check with "${outcome.case}"`)),
  ];
}

/** A word that this version does not know is taken seriously. */
function severityOf(text: string): CheckFinding["severity"] {
  return text === "warning" || text === "info" ? text : "error";
}

async function auditGrant(cp: ControlPlane, plan: RecoveryPlan, source: ResolvedSource): Promise<void> {
  const step = plan.steps.find(({ id }) => id === `${source.service}/restore/${source.source}`);
  if (step === undefined) return;
  await cp.db.transaction(async (tx) => {
    const grants = await keyGrants(tx, { host: step.host, work: step.work, recovery: "check" });
    for (const entry of grants) await recordAudit(tx, cp.clock.now(), entry);
  });
}

function subjectOf({ toHost, source }: ResolvedSource): string {
  return `${toHost}/${source}`;
}
