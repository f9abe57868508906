import { readFileSync } from "node:fs";
import { formatSize, MusterError } from "@muster/core";
import { openStore } from "@muster/object-store";
import { openRepository } from "@muster/repository";
import { writeEntries } from "./write-entries.ts";

export interface BreakGlassOptions {
  readonly repository: string;
  readonly keyFile: string;
  readonly service: string;
  readonly source?: string;
  /** An id, or `latest`. */
  readonly point: string;
  readonly into?: string;
  readonly list?: boolean;
}

/** What is shown of a point, and chosen by; times in milliseconds since the epoch. */
export interface PointToChoose {
  readonly id: string;
  readonly source: string;
  readonly kind: string;
  readonly takenAt: number;
  readonly logicalBytes: number;
}

/** Promise 5: a repository and its key are enough. Lists a service's points, or writes one point's entries to a directory. */
export async function breakGlass(
  options: BreakGlassOptions,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const store = await openStore(options.repository);
  const repository = await openRepository(store, { passphrase: readPassphrase(options.keyFile) });
  const domain = repository.domain(options.service);
  const points = await domain.listPoints({ signal });
  const wanted = points.filter(({ source }) => options.source === undefined || source === options.source);
  if (options.list === true) {
    for (const point of newestFirst(wanted)) print(describePoint(point));
    return;
  }
  if (options.into === undefined) throw new MusterError("usage", "name a directory with --into, or use --list");
  const point = choosePoint(wanted, options.point);
  const reader = await domain.openPoint(point.id);
  const written = await writeEntries(reader, options.into, signal);
  print(`${describePoint(point)}\n${written.entries} entries, ${formatSize(written.bytes)}, are in ${options.into}`);
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
    throw new MusterError("point-missing", "there is no recovery point of that service and source");
  return latest;
}

function newestFirst<P extends PointToChoose>(points: readonly P[]): P[] {
  return points.toSorted((left, right) => right.takenAt - left.takenAt);
}

function describePoint({ id, source, kind, takenAt, logicalBytes }: PointToChoose): string {
  return `${new Date(takenAt).toISOString()}  ${source} (${kind})  ${formatSize(logicalBytes)}  ${id}`;
}

function readPassphrase(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new MusterError("secret-missing", `the key file ${file} cannot be read`, { cause });
  }
}
