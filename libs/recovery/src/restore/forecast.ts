import type { StepPlan, StepWork } from "../run/model.ts";

/** Measured durations; undefined where nothing was measured yet. */
export interface History {
  /** Milliseconds that such work of the service took, by its latest runs. */
  durationMs(service: string, work: string): number | undefined;
  /** Restored bytes per second of the service's source. */
  bytesPerSecond(service: string, source: string): number | undefined;
}

/** The name under which durations are kept. */
export function workName(work: StepWork): string {
  switch (work.kind) {
    case "action":
      return `action ${work.action}`;
    case "restore":
      return `restore ${work.source}`;
    case "aside":
      return `${work.verb} ${work.source}`;
    case "gate":
      return "gate";
  }
}

/** The expected milliseconds of a step, from what was measured; undefined without history. */
export function forecastOf(step: StepPlan, history: History): number | undefined {
  if (step.work.kind === "restore") {
    const rate = history.bytesPerSecond(step.service, step.work.source);
    const known = history.durationMs(step.service, workName(step.work));
    return rate === undefined || rate <= 0
      ? known
      : Math.max((step.work.bytes / rate) * 1000, known === undefined ? 0 : known / 4);
  }
  return history.durationMs(step.service, workName(step.work));
}

/** The longest chain of steps. Without history a step counts by its size, which orders the path but makes no forecast. */
export function criticalPath(steps: readonly StepPlan[]): { path: string[]; forecast: number | undefined } {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const longest = new Map<string, { weight: number; previous?: string | undefined }>();
  const visit = (id: string): number => {
    const known = longest.get(id);
    if (known !== undefined) return known.weight;
    const step = byId.get(id);
    if (step === undefined) return 0;
    let best: { weight: number; previous?: string | undefined } = { weight: 0 };
    for (const other of step.after) {
      const weight = visit(other);
      if (weight > best.weight) best = { weight, previous: other };
    }
    const own = { weight: best.weight + (step.forecast ?? guess(step.work)), previous: best.previous };
    longest.set(id, own);
    return own.weight;
  };
  let last: string | undefined;
  for (const step of steps) if (last === undefined || visit(step.id) > visit(last)) last = step.id;
  const path: string[] = [];
  for (let id = last; id !== undefined; id = longest.get(id)?.previous) path.unshift(id);
  const onPath = path.map((id) => byId.get(id)?.forecast);
  const measured = onPath.length > 0 && onPath.every((forecast) => forecast !== undefined);
  return { path, forecast: measured ? onPath.reduce<number>((sum, forecast) => sum + (forecast ?? 0), 0) : undefined };
}

/** A weight for ordering only: 50 MB/s for data, a second for anything else. */
function guess(work: StepWork): number {
  return work.kind === "restore" ? 1000 + work.bytes / 50_000 : 1000;
}
