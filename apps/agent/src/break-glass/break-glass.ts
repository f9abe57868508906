import { readFileSync } from "node:fs";
import { formatSize, MusterError } from "@muster/core";
import { openStore } from "@muster/object-store";
import { type Domain, openRepository, type Repository } from "@muster/repository";
import { writeEntries } from "./write-entries.ts";

const otherPlace = "Check --repository: is this the place that the control plane's configuration names?";

export interface BreakGlassOptions {
  readonly repository: string;
  readonly keyFile: string;
  /** Without it the services that have points are listed. */
  readonly service?: string;
  /** Only this entry, and what lies below it. */
  readonly path?: string;
  readonly verify?: boolean;
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
  if (options.service === undefined) return listServices(repository, signal, print);
  const domain = repository.domain(options.service);
  const points = await domain.listPoints({ signal });
  const wanted = points.filter(({ source }) => options.source === undefined || source === options.source);
  if (options.list === true) {
    for (const point of newestFirst(wanted)) print(describePoint(point));
    return;
  }
  if (options.verify === true) return verifyPoints(domain, options, signal, print);
  if (options.into === undefined)
    throw new MusterError("usage", "name a directory with --into, or use --list or --verify");
  const point = choosePoint(wanted, options.point);
  const reader = await domain.openPoint(point.id);
  const written = await writeEntries(reader, options.into, signal, options.path);
  print(`${describePoint(point)}\n${written.entries} entries, ${formatSize(written.bytes)}, are in ${options.into}`);
}

async function listServices(repository: Repository, signal: AbortSignal, print: (line: string) => void): Promise<void> {
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

/** Reads everything that the points need. Throws `repository-corrupt` after all that is damaged was named. */
async function verifyPoints(
  domain: Domain,
  { point }: Pick<BreakGlassOptions, "point">,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const only = point === "latest" ? {} : { point };
  const { points, bytesRead, damage } = await domain.verify({ level: "read", signal, ...only });
  for (const { object, message, point: hit, entries } of damage) {
    print(`damaged: ${object}: ${message}${hit === undefined ? "" : `; point ${hit}`}`);
    for (const entry of entries ?? []) print(`  cannot be restored: ${entry}`);
  }
  const read = `${points.length} points, ${formatSize(bytesRead)} read`;
  if (damage.length === 0) return print(`${read}: whole`);
  throw new MusterError("repository-corrupt", `${read}: ${damage.length} objects are damaged`);
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
