import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createLogger, formatSize, MusterError, systemClock } from "@muster/core";
import type { PointReader, PointSummary } from "@muster/repository";
import { throttledProgress } from "../jobs/throttle.ts";
import { refuseOnErrors } from "../sources/findings.ts";
import type { RestoreRequest, SourceContext } from "../sources/source.ts";
import type { Target } from "./target.ts";

type Print = (line: string) => void;

/** Names what a break-glass restore of this point has moved aside. */
function asideIdOf(pointId: string): string {
  return `glass_${pointId}`;
}

/** What the source itself does with an agent's restore: checks first, moves aside what is there, then switches. */
export async function restoreOnto(
  target: Target,
  reader: PointReader,
  options: { readonly allowNewTarget: boolean; readonly signal: AbortSignal; readonly print: Print },
): Promise<void> {
  const { print, allowNewTarget } = options;
  const request = { point: pointOf(reader.summary), asideId: asideIdOf(reader.summary.id), allowNewTarget };
  requireKind(target, request);
  await withContext(target, options, async (context) => {
    const findings = await target.source.checkRestore(context, request);
    for (const { severity, message } of findings) if (severity !== "error") print(`${severity}: ${message}`);
    refuseOnErrors(findings);
    const { bytes, items, notes, movedAside } = await target.source.restore(context, reader, request);
    print(`restored ${items} items, ${formatSize(bytes)}, onto ${target.source.location}`);
    for (const note of notes) print(note);
    if (movedAside) print("What was there is kept aside: --accept drops it, --roll-back puts it back.");
  });
}

/** Drops or puts back what the restore of this point has moved aside. */
export async function finishOnto(
  target: Target,
  pointId: string,
  options: { readonly verb: "accept" | "rollBack"; readonly signal: AbortSignal; readonly print: Print },
): Promise<void> {
  await withContext(target, options, async (context) => {
    const notes = await target.source[options.verb](context, asideIdOf(pointId));
    for (const note of notes) options.print(note);
  });
}

async function withContext(
  { source, stateDirectory }: Target,
  { signal, print }: { readonly signal: AbortSignal; readonly print: Print },
  work: (context: SourceContext) => Promise<void>,
): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const workDirectory = await mkdtemp(join(stateDirectory, ".work-"));
  let said = "";
  const progress = throttledProgress((_done, _total, _unit, note) => {
    if (note !== said) print(`… ${note}`);
    said = note;
  });
  const log = createLogger(`restore ${source.name}`, "warn");
  try {
    await work({ signal, clock: systemClock, log, stateDirectory, workDirectory, progress });
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

function requireKind({ source }: Target, { point }: RestoreRequest): void {
  if (source.type === point.sourceType) return;
  throw new MusterError("wrong-target", `the point is of kind ${point.sourceType}, the target of kind ${source.type}`);
}

function pointOf({ id, kind, logicalBytes, takenAt, host, facts }: PointSummary): RestoreRequest["point"] {
  return { pointId: id, sourceType: kind, logicalBytes, takenAt, host, facts };
}
