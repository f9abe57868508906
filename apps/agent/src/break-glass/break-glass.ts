import { formatSize, MusterError } from "@muster/core";
import { openStore } from "@muster/object-store";
import { type Domain, openRepository, type PointSummary } from "@muster/repository";
import { nextSteps } from "./next-steps.ts";
import { choosePoint, describePoint, listServices, newestFirst } from "./points.ts";
import { finishOnto, restoreOnto } from "./restore-onto.ts";
import { targetOf } from "./target.ts";
import { unlockOf } from "./unlock.ts";
import { writeEntries } from "./write-entries.ts";

export interface BreakGlassOptions {
  readonly repository: string;
  /** A file with a passphrase or a private key, or `kms`. */
  readonly key: string;
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
  /** A running server, a data directory or an agent.yaml; see `targetOf`. */
  readonly onto?: string;
  readonly as?: string;
  readonly passwordFile?: string;
  readonly state?: string;
  readonly allowNewTarget?: boolean;
  readonly accept?: boolean;
  readonly rollBack?: boolean;
}

interface Glass {
  readonly options: BreakGlassOptions;
  readonly domain: Domain;
  readonly points: readonly PointSummary[];
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** Promise 5: a repository and its key are enough. Lists, verifies, writes to a directory, or restores onto a server. */
export async function breakGlass(
  options: BreakGlassOptions,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const given = unlockOf(options.key);
  const repository = await openRepository(await openStore(options.repository), given);
  if (options.service === undefined) return listServices(repository, signal, print);
  const domain = repository.domain(options.service);
  const all = await domain.listPoints({ signal });
  const points = all.filter(({ source }) => options.source === undefined || source === options.source);
  const glass = { options, domain, points, signal, print };
  if (options.list === true) for (const point of newestFirst(points)) print(describePoint(point));
  else if (options.verify === true) await verifyPoints(glass);
  else if (options.into !== undefined) await writeInto(glass, options.into);
  else if (options.onto !== undefined) await writeOnto(glass, options.onto);
  else
    throw new MusterError("usage", "name a directory with --into or a target with --onto, or use --list or --verify");
}

async function writeInto({ options, domain, points, signal, print }: Glass, into: string): Promise<void> {
  const point = choosePoint(points, options.point);
  const written = await writeEntries(await domain.openPoint(point.id), into, signal, options.path);
  print(`${describePoint(point)}\n${written.entries} entries, ${formatSize(written.bytes)}, are in ${into}`);
  if (options.path === undefined) for (const line of nextSteps(point, into)) print(line);
}

async function writeOnto({ options, domain, points, signal, print }: Glass, onto: string): Promise<void> {
  const point = choosePoint(points, options.point);
  const { state = "./muster-restore-state", passwordFile } = options;
  const target = await targetOf({ onto, source: options.as ?? point.source, passwordFile, state });
  const verb = options.accept === true ? "accept" : options.rollBack === true ? "rollBack" : undefined;
  if (verb !== undefined) return finishOnto(target, point.id, { verb, signal, print });
  print(describePoint(point));
  const allowNewTarget = options.allowNewTarget === true;
  await restoreOnto(target, await domain.openPoint(point.id), { allowNewTarget, signal, print });
}

/** Reads everything that the points need. Throws `repository-corrupt` after all that is damaged was named. */
async function verifyPoints({ domain, options: { point }, signal, print }: Glass): Promise<void> {
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
