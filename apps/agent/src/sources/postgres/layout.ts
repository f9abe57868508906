import { shortId } from "../aside-note.ts";
import type { Facts, Json } from "../source.ts";

/** Entries of a recovery point: the globals, and per database its properties and its dump. */
export const globalsEntry = "globals.sql";

/** The directory of a database inside the point; safe for any database name. */
export function databaseDirectory(name: string): string {
  return `databases/${encodeURIComponent(name).replaceAll(".", "%2E")}`;
}

/** PostgreSQL cuts longer names off (NAMEDATALEN - 1 bytes). */
const longestName = 63;

/** The name under which a database is loaded before it is switched in. */
export function freshName(database: string, asideId: string): string {
  return derivedName(database, "__muster_new_", asideId);
}

/** The name under which the database that was there is kept. */
export function asideName(database: string, asideId: string): string {
  return derivedName(database, "__muster_aside_", asideId);
}

function derivedName(database: string, kind: string, asideId: string): string {
  const ending = `${kind}${shortId(asideId, database)}`;
  let prefix = database;
  while (Buffer.byteLength(prefix) + ending.length > longestName) prefix = [...prefix].slice(0, -1).join("");
  return prefix + ending;
}

export interface PointFacts {
  readonly major: number;
  readonly systemIdentifier: string;
  readonly databases: readonly { name: string; bytes: number; extensions: readonly string[] }[];
}

/** The facts that a backup of this source wrote; what is missing reads as unknown (0, "", none). */
export function pointFacts(facts: Facts): PointFacts {
  return {
    major: typeof facts.major === "number" ? facts.major : 0,
    systemIdentifier: typeof facts.systemIdentifier === "string" ? facts.systemIdentifier : "",
    databases: (Array.isArray(facts.databases) ? (facts.databases as Json[]) : []).flatMap(databaseFact),
  };
}

function databaseFact(value: Json): PointFacts["databases"][number][] {
  if (typeof value !== "object" || value === null || !("name" in value) || typeof value.name !== "string") return [];
  const extensions = "extensions" in value && Array.isArray(value.extensions) ? (value.extensions as Json[]) : [];
  const bytes = "bytes" in value && typeof value.bytes === "number" ? value.bytes : 0;
  return [{ name: value.name, bytes, extensions: extensions.filter((name) => typeof name === "string") }];
}
