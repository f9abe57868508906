import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { isS3Address, isVaultAddress, vaultFolderName } from "@muster/object-store";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Config, RepositoryPlace, SweepSettings } from "./config.ts";
import { configSchema, type FileConfig } from "./config-schema.ts";

const hour = 3_600_000;

/** What flags and environment variables set; each wins over the file. */
export interface Overrides {
  readonly config?: string;
  readonly data?: string;
  readonly database?: string;
  readonly httpHost?: string;
  readonly httpPort?: string;
  readonly agentHost?: string;
  readonly sessionPort?: string;
  readonly enrolPort?: string;
  readonly advertise?: string;
  /** `name=url`. */
  readonly repository?: readonly string[];
}

/** Reads the configuration; without `tls` not the certificate that it names. Throws `config-invalid` naming each wrong key with its file and line, or its flag. */
export async function loadConfig(
  overrides: Overrides,
  { tls = true }: { readonly tls?: boolean } = {},
): Promise<Config> {
  const file = overrides.config === undefined ? undefined : resolve(overrides.config);
  const document = file === undefined ? undefined : await readDocument(file);
  const fromFile: unknown = document?.document.toJS() ?? {};
  const parsed = configSchema.safeParse(merge(fromFile, overrides));
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap((issue) => describe(document, issue)));
  return toConfig(parsed.data, file, tls);
}

interface Positioned {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

async function readDocument(file: string): Promise<Positioned> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    const reason = systemErrorCode(cause) === "ENOENT" ? "there is no such file" : String(cause);
    throw new MusterError("config-invalid", `${file}: ${reason}`, { cause, hint: "Name it with --config FILE." });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: "core", prettyErrors: false });
  if (document.errors.length === 0) return { file, document, lines };
  throw invalid(
    document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return `${file}:${line}:${col}: ${message}`;
    }),
  );
}

function merge(fromFile: unknown, over: Overrides): unknown {
  if (typeof fromFile !== "object" || fromFile === null || Array.isArray(fromFile)) return fromFile;
  const base = fromFile as Record<string, unknown>; // checked on the line above
  return {
    ...base,
    ...given({ data: over.data, database: over.database }),
    http: section(base.http, { host: over.httpHost, port: over.httpPort }),
    agents: section(base.agents, {
      host: over.agentHost,
      sessionPort: over.sessionPort,
      enrolPort: over.enrolPort,
      advertise: over.advertise,
    }),
    repositories: section(base.repositories, namedRepositories(over.repository ?? [])),
  };
}

function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** A section that is no mapping is left for the schema to refuse. */
function section(base: unknown, over: Record<string, unknown>): unknown {
  if (base !== undefined && base !== null && typeof base !== "object") return base;
  return { ...base, ...given(over) };
}

function namedRepositories(flags: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    flags.map((flag) => {
      const [name = "", ...url] = flag.split("=");
      if (url.length > 0) return [name, { url: url.join("=") }];
      throw new MusterError("usage", `--repository ${flag}: write it as NAME=URL`);
    }),
  );
}

/** Only what knows `tls` needs to read files; the rest is names. */
async function toConfig(file: FileConfig, configFile: string | undefined, readsTls: boolean): Promise<Config> {
  const base = configFile === undefined ? process.cwd() : dirname(configFile);
  const at = (path: string): string => (isAbsolute(path) ? path : join(base, path));
  const dataDirectory = at(file.data);
  const { http, agents } = file;
  const repositories = placed(file, dataDirectory, at);
  return {
    dataDirectory,
    databaseUrl: file.database,
    http: {
      host: http.host,
      port: http.port,
      tls: http.tls === undefined || !readsTls ? undefined : await readTls(http.tls, at),
    },
    grpc: {
      host: agents.host,
      sessionPort: agents.sessionPort,
      enrolPort: agents.enrolPort,
      advertise: agents.advertise ?? agents.host,
    },
    vault: vaultOf(file),
    agents: { certificateLifeMs: agents.certificateLife, heartbeatSeconds: Math.round(agents.heartbeat / 1000) },
    repositories,
    ownBackups: ownBackups(file, Object.keys(repositories)),
    ...(configFile === undefined ? {} : { configFile }),
    namedFiles: [configFile, http.tls?.cert, http.tls?.key, ...Object.values(repositories).flatMap(filesOf)].flatMap(
      (path) => (path === undefined ? [] : [at(path)]),
    ),
    statusTitle: file.status.title,
  };
}

function ownBackups(
  { ownBackups: { every, repositories } }: FileConfig,
  known: readonly string[],
): Config["ownBackups"] {
  const unknown = repositories?.find((name) => !known.includes(name));
  if (unknown === undefined) return { everyMs: every, repositories: repositories ?? known };
  throw invalid([`ownBackups.repositories: there is no repository ${unknown}; known: ${known.join(", ")}`]);
}

function filesOf({ keyFile, credentialsFile, caFile }: RepositoryPlace): (string | undefined)[] {
  return [keyFile, credentialsFile, caFile];
}

function vaultOf({ vault }: FileConfig): Config["vault"] {
  const { port, quota, quotaPerHost, keepFree } = vault;
  return { port, quota, quotaPerHost, keepFree };
}

/** Without any repository in the configuration, one named `main` lies in the data folder. */
function placed(file: FileConfig, data: string, at: (path: string) => string): Config["repositories"] {
  const named = Object.entries(file.repositories);
  const own: FileConfig["repositories"] = { main: { url: join(data, "repository") } };
  const all = named.length > 0 ? named : Object.entries(own);
  const vault = at(file.vault.directory ?? join(data, "vault"));
  const optional = (path: string | undefined): string | undefined => (path === undefined ? undefined : at(path));
  return Object.fromEntries(
    all.map(([name, place]) => {
      const original = originalOf(name, place.copyOf, Object.fromEntries(all));
      const inVault = isVaultAddress(place.url);
      const named = /^[a-z0-9+]+:/i.test(place.url) ? place.url : at(place.url);
      const url = inVault ? join(vault, vaultFolderName(place.url, name)) : named;
      const keyFile = optional(place.keyFile ?? original?.keyFile) ?? join(data, "keys", `${place.copyOf ?? name}.key`);
      const { profile, copyOf, verifyEvery } = place;
      const kmsKey = place.kmsKey ?? original?.kmsKey;
      const local = { credentialsFile: optional(place.credentialsFile), profile, caFile: optional(place.caFile) };
      const sweep = sweepSettings(place.sweep, url, at);
      const kms = kmsKey === undefined ? {} : { kmsKey };
      return [name, { url, keyFile, inVault, ...kms, copyOf, verifyEveryMs: verifyEvery, ...local, sweep }];
    }),
  );
}

/** In S3 nothing is deleted without a word about the credentials for it: the control plane's own may not be able to. */
function sweepSettings(
  given: FileConfig["repositories"][string]["sweep"],
  url: string,
  at: (path: string) => string,
): SweepSettings | undefined {
  if (given === "off" || (given === undefined && isS3Address(url))) return undefined;
  if (given === undefined) return { every: 6 * hour, grace: 24 * hour };
  const { every, grace, credentialsFile, profile } = given;
  return { every, grace, credentialsFile: credentialsFile === undefined ? undefined : at(credentialsFile), profile };
}

/** What a copy is a copy of; it has the same keys. */
function originalOf(name: string, copyOf: string | undefined, all: FileConfig["repositories"]) {
  if (copyOf === undefined) return undefined;
  const original = Object.hasOwn(all, copyOf) && copyOf !== name ? all[copyOf] : undefined;
  if (original === undefined) throw invalid([`repositories.${name}.copyOf: there is no other repository ${copyOf}`]);
  if (original.copyOf === undefined) return original;
  throw invalid([`repositories.${name}.copyOf: ${copyOf} is a copy itself; name ${original.copyOf}`]);
}

async function readTls(files: { readonly cert: string; readonly key: string }, at: (path: string) => string) {
  const read = (path: string): Promise<string> =>
    readFile(at(path), "utf8").catch((cause: unknown) => {
      throw new MusterError("config-invalid", `http.tls: ${at(path)} cannot be read: ${systemErrorCode(cause)}`, {
        cause,
      });
    });
  return { cert: await read(files.cert), key: await read(files.key) };
}

function describe(source: Positioned | undefined, issue: z.core.$ZodIssue): string[] {
  const paths = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  const what = issue.code === "unrecognized_keys" ? "unknown key" : issue.message;
  return paths.map((path) => `${placeOf(source, path)}${path.map(String).join(".") || "the file"}: ${what}`);
}

/** `file:line:column: ` of the value, or of the nearest thing above it that is in the file; empty without a file. */
function placeOf(source: Positioned | undefined, path: readonly PropertyKey[]): string {
  if (source === undefined) return "";
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = source.document.getIn(path.slice(0, depth), true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = source.lines.linePos(node.range[0]);
    return `${source.file}:${line}:${col}: `;
  }
  return `${source.file}: `;
}

function invalid(problems: readonly string[]): MusterError {
  return new MusterError("config-invalid", problems.join("\n"), { details: { problems } });
}
