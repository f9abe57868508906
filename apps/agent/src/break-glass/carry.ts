import { formatSize, MusterError } from "@muster/core";
import { createStore, type ObjectStore, openStore } from "@muster/object-store";
import { copyPoints, initCopy, openRepository, type Repository } from "@muster/repository";
import { unlockOf } from "./unlock.ts";

export interface CarryOptions {
  readonly from: string;
  readonly to: string;
  /** A file with a passphrase or a private key, or `kms`. */
  readonly key: string;
  /** Without it the points of all services. */
  readonly service?: string;
  /** Ids; without any, all points. */
  readonly point?: readonly string[];
  /** Bytes per second. */
  readonly limit?: number;
}

/**
 * Copies whole points from one repository into another, with no control plane: an export makes a plain directory, which is a repository
 * that its key opens, and an import brings them back. Throws `usage` for a point or service that is not there, `repository-corrupt`
 * after all others were copied, and what `initCopy` and `copyPoints` throw.
 */
export async function carryPoints(
  options: CarryOptions,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const from = await openStore(options.from);
  const source = await openRepository(from, unlockOf(options.key));
  const to = await createStore(options.to);
  await initCopy(from, to);
  const asked = new Set(options.point ?? []);
  let damaged = 0;
  for (const service of await servicesOf(source, options.service)) {
    const points = options.point === undefined ? undefined : [...asked];
    const done = await copyService({ from, to, source, service }, points, { options, signal, print });
    for (const id of done.present) asked.delete(id);
    for (const { point } of done.failed) asked.delete(point);
    damaged += done.failed.length;
  }
  if (asked.size > 0) throw new MusterError("point-missing", `${options.from} has no point ${[...asked].join(", ")}`);
  if (damaged > 0) throw new MusterError("repository-corrupt", `${damaged} points are damaged and were not copied`);
}

interface Way {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly source: Repository;
  readonly service: string;
}

async function copyService(
  { from, to, source, service }: Way,
  points: readonly string[] | undefined,
  { options, signal, print }: { options: CarryOptions; signal: AbortSignal; print: (line: string) => void },
) {
  const { limit } = options;
  const done = await copyPoints(from, to, source.grant(service), {
    holder: "by hand",
    points,
    bytesPerSecond: limit,
    signal,
  });
  for (const { point, error } of done.failed) print(`${service} ${point} is damaged: ${error.message}`);
  const known = done.present.length - done.copied.length;
  print(`${service}: ${done.copied.length} points copied (${formatSize(done.bytes)}), ${known} were there already`);
  return done;
}

async function servicesOf(repository: Repository, service: string | undefined): Promise<string[]> {
  const services: string[] = [];
  for await (const name of repository.domains()) services.push(name);
  if (service === undefined) return services.sort();
  if (services.includes(service)) return [service];
  throw new MusterError("usage", `the repository has no service ${service}`, {
    hint: `It has: ${services.join(", ")}`,
  });
}

/** Reads everything that is in a repository or an export. Throws `repository-corrupt` after all that is damaged was named. */
export async function verifyAll(
  { repository: url, key, service }: { readonly repository: string; readonly key: string; readonly service?: string },
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const repository = await openRepository(await openStore(url), unlockOf(key));
  let damaged = 0;
  for (const name of await servicesOf(repository, service)) {
    const { points, bytesRead, damage } = await repository.domain(name).verify({ level: "read", signal });
    for (const { object, message, point } of damage) {
      print(`damaged: ${object}: ${message}${point === undefined ? "" : `; point ${point}`}`);
    }
    const verdict = damage.length === 0 ? "whole" : `${damage.length} objects are damaged`;
    print(`${name}: ${points.length} points, ${formatSize(bytesRead)} read: ${verdict}`);
    damaged += damage.length;
  }
  if (damaged > 0) throw new MusterError("repository-corrupt", `${damaged} objects are damaged`);
}
