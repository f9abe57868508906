import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { MusterError } from "@muster/core";
import type { Client } from "../connection.ts";

/** A tablespace of its own, outside the data directory. */
export interface Tablespace {
  readonly oid: string;
  /** The directory that `pg_tblspc/<oid>` points to. */
  readonly location: string;
}

/**
 * The tablespaces of a data directory, by the links in `pg_tblspc`. Refused (`source-failed`): plain directories (tablespaces in
 * place, for developers), links to links, and locations inside the data directory, which would be copied twice.
 */
export function findTablespaces(dataDirectory: string): Tablespace[] {
  const links = join(dataDirectory, "pg_tblspc");
  return readdirSync(links)
    .filter((name) => /^\d+$/.test(name))
    .toSorted()
    .map((oid) => {
      const link = join(links, oid);
      if (!lstatSync(link).isSymbolicLink()) throw refused(link, "is not a link, as that of a tablespace must be");
      const location = readlinkSync(link);
      if (!isAbsolute(location)) throw refused(link, `points to ${location}, which is not an absolute path`);
      if (lstatSync(location).isSymbolicLink()) throw refused(link, `points to ${location}, which is a link itself`);
      if (`${location}/`.startsWith(`${dataDirectory}/`)) {
        throw refused(link, `points to ${location}, inside the data directory`);
      }
      return { oid, location };
    });
}

/** The directory in a tablespace that belongs to this server: others may share the location (`TABLESPACE_VERSION_DIRECTORY`). */
export function versionDirectory(major: number, catalogVersion: number): string {
  return `PG_${major}_${catalogVersion}`;
}

/** The tablespaces with the names that the server knows them by. */
export async function namedTablespaces(
  client: Client,
  tablespaces: readonly Tablespace[],
): Promise<{ oid: string; name: string; location: string }[]> {
  const sql = "SELECT oid::text, spcname AS name FROM pg_tablespace";
  const { rows } = await client.query<{ oid: string; name: string }>(sql);
  const names = new Map(rows.map(({ oid, name }) => [oid, name]));
  return tablespaces.map(({ oid, location }) => ({ oid, location, name: names.get(oid) ?? oid }));
}

function refused(link: string, problem: string): MusterError {
  return new MusterError("source-failed", `the tablespace ${link} ${problem}`, {
    retryable: false,
    hint: "Make pg_tblspc/<oid> a link to the real directory of the tablespace, outside the data directory.",
  });
}
