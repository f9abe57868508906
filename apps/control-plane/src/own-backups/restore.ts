import { mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { type Clock, type Logger, MusterError, systemErrorCode } from "@muster/core";
import { loadDump, openDatabase } from "@muster/database";
import type { Config } from "../config.ts";
import { loadConfig, type Overrides } from "../config-file.ts";
import { openAuthority } from "../rpc/authority.ts";
import { createIdentity } from "../rpc/identity.ts";
import { assemble } from "../start.ts";
import { databaseEntry } from "./names.ts";
import { type OwnPlace, type OwnPoint, openOwnPoint, readChunks } from "./open-point.ts";
import { restoreFiles } from "./restore-files.ts";
import { type Resumed, resumeFrom } from "./resume.ts";

export interface RestoreOptions extends OwnPlace {
  /** An id, or `latest`. */
  readonly point: string;
  /** In place of the folder and the file where they were. */
  readonly data?: string;
  readonly config?: string;
  /** `postgres://…`, an empty database. */
  readonly database?: string;
  /** The database was on a PostgreSQL server, and is to be an embedded one from now on. */
  readonly embedded?: boolean;
}

export interface Restored extends Resumed {
  readonly point: string;
  readonly takenAt: number;
  readonly dataDirectory: string;
  /** It is another one than it was. */
  readonly moved: boolean;
  readonly configFile: string | undefined;
  readonly rows: number;
  readonly files: readonly string[];
}

/**
 * Brings a control plane back from a repository and its key. Everything is made ready beside the data folder, which appears by one
 * rename at the end: a restore that is cut off is begun again. Throws `conflict` when there is something in the data folder or in the
 * database already, `point-missing`, `repository-key-wrong`, `version-mismatch`, `usage`.
 */
export async function restoreControlPlane(
  options: RestoreOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<Restored> {
  const point = await openOwnPoint(options, options.point);
  const dataDirectory = resolve(options.data ?? point.files.dataDirectory);
  await refuseData(dataDirectory);
  const staging = `${dataDirectory}.restoring`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });

  const config = options.config === undefined ? undefined : resolve(options.config);
  const files = await restoreFiles(point, { data: staging, config });
  const loaded = await loadConfig(overridesOf(options, point, { config, staging }), { tls: false });
  const staged = stagedConfig(loaded, point.files.dataDirectory, staging);
  requireDatabase(options, point, staged);
  const place = { url: staged.databaseUrl, directory: join(staging, "database") };
  const rows = await loadDump(place, linesOf(point));

  const { id, takenAt } = point.reader.summary;
  const resumed = await resume(staged, { clock, log }, { point: id, takenAt });
  await moveIn(staging, dataDirectory);
  const configFile = config ?? point.files.configFile;
  const moved = dataDirectory !== point.files.dataDirectory;
  return { ...resumed, point: id, takenAt, dataDirectory, moved, configFile, rows, files };
}

async function refuseData(directory: string): Promise<void> {
  const names = await readdir(directory).catch((thrown: unknown) => {
    if (systemErrorCode(thrown) === "ENOENT") return [];
    throw thrown;
  });
  if (names.length === 0) return;
  throw new MusterError("conflict", `${directory} is not empty: there is ${names[0]}`, {
    hint: "A restore writes over nothing. Move it aside, or name another folder with --data.",
  });
}

/** The configuration as it was, with what the options say in its place. */
function overridesOf(
  { database }: RestoreOptions,
  { files }: OwnPoint,
  { config, staging }: { readonly config: string | undefined; readonly staging: string },
): Overrides {
  const inData = files.files.find(({ path }) => path === relative(files.dataDirectory, files.configFile ?? ""));
  const file = config ?? (inData === undefined ? files.configFile : join(staging, inData.path));
  const repository = Object.entries(files.repositories).map(([name, url]) => `${name}=${url}`);
  return {
    data: staging,
    ...(file === undefined ? { repository } : { config: file }),
    ...(database === undefined ? {} : { database }),
  };
}

/** Files that are to lie in the data folder are still beside it. */
function stagedConfig(config: Config, original: string, staging: string): Config {
  const moved = (path: string): string =>
    path.startsWith(`${original}/`) ? staging + path.slice(original.length) : path;
  const repositories = Object.entries(config.repositories).map(([name, place]) => {
    const { credentialsFile, caFile } = place;
    const optional = {
      ...(credentialsFile === undefined ? {} : { credentialsFile: moved(credentialsFile) }),
      ...(caFile === undefined ? {} : { caFile: moved(caFile) }),
    };
    return [name, { ...place, keyFile: moved(place.keyFile), ...optional }] as const;
  });
  return { ...config, repositories: Object.fromEntries(repositories) };
}

function requireDatabase({ embedded }: RestoreOptions, { reader }: OwnPoint, { databaseUrl }: Config): void {
  if (reader.summary.facts.driver !== "pg" || databaseUrl !== undefined || embedded === true) return;
  throw new MusterError("usage", "this control plane had its database on a PostgreSQL server", {
    hint: "Name an empty one with --database or DATABASE_URL, or use --embedded for a database in the data folder.",
  });
}

function linesOf({ reader }: OwnPoint): AsyncIterable<string> {
  return createInterface({
    input: Readable.from(readChunks(reader, databaseEntry)),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
}

async function resume(
  config: Config,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  from: { readonly point: string; readonly takenAt: number },
): Promise<Resumed> {
  const directory = join(config.dataDirectory, "database");
  await using database = await openDatabase({ url: config.databaseUrl, directory });
  const authority = await openAuthority(config.dataDirectory, clock.now());
  const identity = createIdentity(authority, config, clock, () => ({ enrol: 0, session: 0 }));
  const { cp, commands } = assemble({ config, db: database.db, clock, log, identity });
  try {
    return await resumeFrom(cp, from);
  } finally {
    await commands.close();
  }
}

async function moveIn(staging: string, dataDirectory: string): Promise<void> {
  await rmdir(dataDirectory).catch((thrown: unknown) => {
    if (systemErrorCode(thrown) !== "ENOENT") throw thrown; // it was empty a moment ago
  });
  await rename(staging, dataDirectory);
  await using parent = await open(dirname(dataDirectory), "r");
  await parent.sync();
}
