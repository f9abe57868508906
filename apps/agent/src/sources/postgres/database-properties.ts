import { only } from "./cluster-facts.ts";
import { type Client, identifier, literal } from "./connection.ts";

/** What `CREATE DATABASE` and its companions say: pg_dump keeps it only under the database's old name. */
export interface DatabaseProperties {
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** The ICU locale; null when the provider is libc. */
  readonly icuLocale: string | null;
  readonly connectionLimit: number;
  readonly comment: string | null;
  readonly grants: readonly { grantee: string | null; privilege: string; grantable: boolean }[];
  readonly settings: readonly { role: string | null; name: string; value: string }[];
}

/** Reads the properties of the database connected to; `major` is the server's. */
export async function readProperties(client: Client, major: number): Promise<DatabaseProperties> {
  const icu = major >= 17 ? "datlocale" : "daticulocale";
  const icuLocale = major >= 15 ? `CASE WHEN datlocprovider = 'i' THEN ${icu} END` : "NULL::text";
  const { rows } = await client.query<Omit<DatabaseProperties, "grants" | "settings">>(
    `SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, datcollate AS collate,
            datctype AS ctype, ${icuLocale} AS "icuLocale", datconnlimit AS "connectionLimit",
            shobj_description(oid, 'pg_database') AS comment
       FROM pg_database WHERE datname = current_database()`,
  );
  return { ...only(rows), grants: await readGrants(client), settings: await readSettings(client) };
}

async function readGrants(client: Client): Promise<DatabaseProperties["grants"]> {
  const { rows } = await client.query<DatabaseProperties["grants"][number]>(
    `SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS grantable
       FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
      WHERE d.datname = current_database() ORDER BY 1, 2`,
  );
  return rows;
}

async function readSettings(client: Client): Promise<DatabaseProperties["settings"]> {
  const { rows } = await client.query<{ role: string | null; setting: string }>(
    `SELECT CASE WHEN s.setrole = 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END AS role, unnest(s.setconfig) AS setting
       FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()`,
  );
  return rows.map(({ role, setting }) => {
    const equals = setting.indexOf("=");
    return { role, name: setting.slice(0, equals), value: setting.slice(equals + 1) };
  });
}

/** The statement that makes an empty database of the same kind under another name. */
export function createStatement(name: string, properties: DatabaseProperties): string {
  const { owner, encoding, collate, ctype, icuLocale } = properties;
  const icu = icuLocale === null ? "" : ` LOCALE_PROVIDER icu ICU_LOCALE ${literal(icuLocale)}`;
  return `CREATE DATABASE ${identifier(name)} TEMPLATE template0 OWNER ${identifier(owner)} ENCODING ${literal(encoding)}
    LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}${icu}`;
}

/** The statements that give a database its limit, comment, grants and settings. */
export function propertyStatements(name: string, properties: DatabaseProperties): string[] {
  const database = identifier(name);
  const comment =
    properties.comment === null ? [] : [`COMMENT ON DATABASE ${database} IS ${literal(properties.comment)}`];
  return [
    `ALTER DATABASE ${database} CONNECTION LIMIT ${properties.connectionLimit}`,
    ...comment,
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${identifier(properties.owner)}`,
    ...properties.grants.map((grant) => {
      const grantee = grant.grantee === null ? "PUBLIC" : identifier(grant.grantee);
      const option = grant.grantable ? " WITH GRANT OPTION" : "";
      return `GRANT ${grant.privilege} ON DATABASE ${database} TO ${grantee}${option}`;
    }),
    ...properties.settings.map((setting) => settingStatement(database, setting)),
  ];
}

/** Settings whose stored value is a list of quoted names (GUC_LIST_QUOTE in PostgreSQL's guc.c). */
const nameLists = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

function settingStatement(database: string, { role, name, value }: DatabaseProperties["settings"][number]): string {
  const subject = role === null ? `DATABASE ${database}` : `ROLE ${identifier(role)} IN DATABASE ${database}`;
  const setting = name.split(".").map(identifier).join(".");
  const text = nameLists.has(name.toLowerCase()) ? splitNames(value).map(literal).join(", ") : literal(value);
  return `ALTER ${subject} SET ${setting} TO ${text === "" ? "''" : text}`;
}

function splitNames(list: string): string[] {
  return [...list.matchAll(/"((?:[^"]|"")*)"|[^,\s"]+/g)].map(([whole, quoted]) =>
    quoted === undefined ? whole : quoted.replaceAll('""', '"'),
  );
}
