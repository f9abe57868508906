import { formatSize, MusterError } from "@muster/core";
import type { Repository } from "@muster/repository";

const otherPlace = "Check --repository: is this the place that the control plane's configuration names?";

/** What is shown of a point, and chosen by; times in milliseconds since the epoch. */
export interface PointToChoose {
  readonly id: string;
  readonly source: string;
  readonly kind: string;
  readonly takenAt: number;
  readonly logicalBytes: number;
}

/** One line for each service that has points. Throws `point-missing` when there is none. */
export async function listServices(
  repository: Repository,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  let found = 0;
  for await (const service of repository.domains()) {
    const points = newestFirst(await repository.domain(service).listPoints({ signal }));
    const sources = [...new Set(points.map(({ source }) => source))].sort().join(", ");
    const newest = points[0] === undefined ? "" : `, the newest of ${new Date(points[0].takenAt).toISOString()}`;
    print(`${service}  ${points.length} points of ${sources}${newest}`);
    found += 1;
  }
  if (found === 0)
    throw new MusterError("point-missing", "the repository holds no recovery point", { hint: otherPlace });
}

/** The point of that id, or the newest. Throws `point-missing`, and `usage` when `latest` could mean several sources. */
export function choosePoint<P extends PointToChoose>(points: readonly P[], wanted: string): P {
  if (wanted !== "latest") {
    const named = points.find(({ id }) => id === wanted);
    if (named !== undefined) return named;
    throw new MusterError("point-missing", `there is no point ${wanted}`, { hint: "List them with --list." });
  }
  const sources = [...new Set(points.map(({ source }) => source))];
  if (sources.length > 1) {
    throw new MusterError("usage", `the service has several sources: ${sources.join(", ")}`, {
      hint: "Name one with --source.",
    });
  }
  const [latest] = newestFirst(points);
  if (latest === undefined)
    throw new MusterError("point-missing", "there is no recovery point of that service and source", {
      hint: "List the services by leaving out --service, and the points of one with --list.",
    });
  return latest;
}

export function newestFirst<P extends PointToChoose>(points: readonly P[]): P[] {
  return points.toSorted((left, right) => right.takenAt - left.takenAt);
}

export function describePoint({ id, source, kind, takenAt, logicalBytes }: PointToChoose): string {
  return `${new Date(takenAt).toISOString()}  ${source} (${kind})  ${formatSize(logicalBytes)}  ${id}`;
}
