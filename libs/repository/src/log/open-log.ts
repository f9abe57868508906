import { isDeepStrictEqual } from "node:util";
import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { claimDomain } from "../domain-key.ts";
import { appendRange } from "./append-range.ts";
import { compare } from "./coverage.ts";
import { parseJsonObject } from "./json-object.ts";
import { getLogObject, putLogObject } from "./log-files.ts";
import { checkIdentity, fileName, parseFileName, parseRangeName, sourceFolder } from "./names.ts";
import { type LogPlace, readFacts, readRange } from "./read-range.ts";
import type { LogListing, LogOptions, LogProperties, SourceLog, StoredRange } from "./types.ts";

const propertiesName = "properties";

export interface OpenLogOptions extends LogOptions {
  /** The operator knows that the source is another one now (a new cluster): other logs of the source stay as they are. */
  readonly allowNewIdentity?: boolean | undefined;
}

/** The identities that a source has logs of, sorted. Throws when the store cannot list. */
export async function logIdentities(domain: DomainContext, source: string, signal?: AbortSignal): Promise<string[]> {
  const folder = sourceFolder(domain, source);
  const found = new Set<string>();
  for await (const { key } of domain.store.list(folder, { signal })) {
    found.add(key.slice(folder.length).split("/", 1)[0] ?? "");
  }
  return [...found].sort();
}

/**
 * Opens a log to add to it; makes it when it is new. Throws `log-identity` when the source has a log of another identity only,
 * or when the properties differ from those that the log was made with.
 */
export async function openLogToWrite(
  domain: DomainContext,
  {
    source,
    identity,
    properties,
  }: { readonly source: string; readonly identity: string; readonly properties: LogProperties },
  { signal, allowNewIdentity = false }: OpenLogOptions = {},
): Promise<SourceLog> {
  checkIdentity(identity);
  const place: LogPlace = { domain, source, identity };
  const known = await logIdentities(domain, source, signal);
  if (!known.includes(identity)) {
    if (known.length > 0 && !allowNewIdentity) throw otherIdentity(place, known);
    await claimDomain(domain, signal);
    await putLogObject(place, propertiesName, Buffer.from(JSON.stringify(properties)), signal);
    return sourceLog(place, properties);
  }
  const there = await readProperties(place, signal);
  if (isDeepStrictEqual(there, properties)) return sourceLog(place, there);
  const differs = `${JSON.stringify(properties)} now, ${JSON.stringify(there)} when its log was begun`;
  throw new MusterError("log-identity", `source ${source} (${identity}) is not as it was: ${differs}`);
}

/** Opens a log to read it. Throws `log-identity` when the source has no log of that identity. */
export async function openLogToRead(
  domain: DomainContext,
  source: string,
  identity: string,
  { signal }: LogOptions = {},
): Promise<SourceLog> {
  const place: LogPlace = { domain, source, identity };
  const known = await logIdentities(domain, source, signal);
  if (!known.includes(identity)) throw otherIdentity(place, known);
  return sourceLog(place, await readProperties(place, signal));
}

async function readProperties(place: LogPlace, signal: AbortSignal | undefined): Promise<LogProperties> {
  return parseJsonObject(
    await getLogObject(place, propertiesName, signal),
    `the properties of the log of ${place.source}`,
  );
}

function otherIdentity({ source, identity, domain }: LogPlace, known: readonly string[]): MusterError {
  const there = known.length === 0 ? "none" : known.join(", ");
  return new MusterError(
    "log-identity",
    `domain ${domain.name} has no log of ${source} with identity ${identity}; it has: ${there}`,
  );
}

function sourceLog(place: LogPlace, properties: LogProperties): SourceLog {
  return {
    source: place.source,
    identity: place.identity,
    properties,
    list: ({ signal } = {}) => listLog(place, signal),
    append: (range, bytes, facts = {}, { signal } = {}) => appendRange(place, range, bytes, facts, signal),
    facts: (range, { signal } = {}) => readFacts(place, range, signal),
    read: (range, { ranges }, { signal } = {}) => readRange(place, range, ranges, signal),
    putFile: (name, bytes, { signal } = {}) => putLogObject(place, fileName(name), bytes, signal),
    getFile: (name, { signal } = {}) => getLogObject(place, fileName(name), signal),
  };
}

async function listLog({ domain, source, identity }: LogPlace, signal: AbortSignal | undefined): Promise<LogListing> {
  const folder = `${sourceFolder(domain, source)}${identity}/`;
  const ranges: StoredRange[] = [];
  const files: string[] = [];
  for await (const { key, size } of domain.store.list(folder, { signal })) {
    const name = key.slice(folder.length);
    const range = parseRangeName(name);
    const file = parseFileName(name);
    if (range !== undefined) ranges.push({ ...range, size });
    else if (file !== undefined) files.push(file);
  }
  ranges.sort((a, b) => a.timeline - b.timeline || compare(a.start, b.start) || compare(a.end, b.end));
  return { ranges, files: files.sort() };
}
