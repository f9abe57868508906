import {
  type Command,
  create,
  durationFromMs,
  FinishAside_Verb,
  FinishAsideSchema,
  GateSchema,
  type JsonObject,
  type PointFacts,
  PointFactsSchema,
  RepositoryGrantSchema,
  RestoreSchema,
  RunActionSchema,
  timestampFromMs,
} from "@muster/protocol/grpc";
import { asideIdOf, type Run, type StepPlan, type StepWork } from "@muster/recovery";
import { pointById } from "../catalog/points-store.ts";
import type { NewCommand, Tx } from "../context.ts";
import { otherPlaces } from "../copies/other-places.ts";

const hour = 3_600_000;
/** How long agents may take, in milliseconds; actions have their own, shorter limit in agent.yaml. */
const limits = { restore: 24 * hour, aside: 6 * hour, action: hour, gateSlack: 60_000 } as const;

type RestoreWork = Extract<StepWork, { kind: "restore" }>;

/** What one attempt at a step asks of its agent. The command's id is the run's and the step's, the same for every attempt. */
export async function stepCommand(tx: Tx, run: Run, step: StepPlan, attempt: number): Promise<NewCommand> {
  const named = {
    id: commandId(run.id, step.id),
    attempt,
    host: step.host,
    owner: "recovery",
    ownerId: run.id,
  } as const;
  const { work } = step;
  switch (work.kind) {
    case "action": {
      const value = create(RunActionSchema, { action: work.action });
      return { ...named, ...acting(`action/${work.action}`, limits.action), work: { case: "action", value } };
    }
    case "gate": {
      const timeoutMs = work.gate.deadline + work.gate.stability + limits.gateSlack;
      return { ...named, target: `gate/${step.service}`, fenced: false, timeoutMs, work: gateMessage(work) };
    }
    case "restore":
      return {
        ...named,
        ...acting(`source/${work.source}`, limits.restore),
        ...(await restoring(tx, run, step, work)),
      };
    case "aside":
      return { ...named, ...acting(`source/${work.source}`, limits.aside), work: asideMessage(work) };
  }
}

export function commandId(runId: string, step: string): string {
  return `${runId}/${step}`;
}

/** What acts on a target is fenced: a new epoch makes every older command on it stale. */
function acting(target: string, timeoutMs: number): Pick<NewCommand, "target" | "timeoutMs" | "fenced"> {
  return { target, timeoutMs, fenced: true };
}

async function restoring(
  tx: Tx,
  run: Run,
  step: StepPlan,
  work: RestoreWork,
): Promise<Pick<NewCommand, "work" | "grant">> {
  const value = create(RestoreSchema, {
    service: step.service,
    source: work.source,
    point: await pointFacts(tx, work),
    asideId: asideIdOf(run.id, work.source),
    allowNewTarget: run.plan.allowNewTarget ?? false,
    copies: (await otherPlaces(tx, work)).map((repository) => create(RepositoryGrantSchema, { repository })),
  });
  return { work: { case: "restore", value }, grant: { repository: work.repository, domain: work.domain } };
}

/** What an agent has to know of a point to judge its host; without its facts when the catalog has forgotten it. */
export async function pointFacts(
  tx: Tx,
  point: Pick<RestoreWork, "pointId" | "sourceType" | "bytes" | "takenAt">,
): Promise<PointFacts> {
  const row = await pointById(tx, point.pointId);
  return create(PointFactsSchema, {
    pointId: point.pointId,
    sourceType: point.sourceType,
    logicalBytes: BigInt(point.bytes),
    takenAt: timestampFromMs(point.takenAt),
    facts: (row?.facts ?? {}) as JsonObject, // they came as a Struct
    host: row?.host ?? "",
  });
}

function gateMessage({ gate }: Extract<StepWork, { kind: "gate" }>): Command["work"] {
  const value = create(GateSchema, {
    probes: [...gate.probes],
    interval: durationFromMs(gate.interval),
    successes: gate.successes,
    deadline: durationFromMs(gate.deadline),
    stability: durationFromMs(gate.stability),
  });
  return { case: "gate", value };
}

function asideMessage({ source, asideId, verb }: Extract<StepWork, { kind: "aside" }>): Command["work"] {
  const wire = verb === "accept" ? FinishAside_Verb.ACCEPT : FinishAside_Verb.ROLL_BACK;
  return { case: "aside", value: create(FinishAsideSchema, { source, asideId, verb: wire }) };
}
