import type { PointSummary } from "@muster/repository";
import { databaseDirectory, globalsEntry, pointFacts } from "../sources/postgres/layout.ts";
import { dataEntry } from "../sources/postgres/physical/copy-files.ts";
import { type PhysicalFacts, physicalFacts } from "../sources/postgres/physical/point-facts.ts";

/** What to do by hand with the entries of a point that were written to a directory: the commands, one a line. */
export function nextSteps({ kind, facts }: Pick<PointSummary, "kind" | "facts">, into: string): string[] {
  if (facts.controlPlane !== undefined)
    return ["This is a control plane. Bring it back with: muster-control-plane restore"];
  const physical = physicalFacts(facts);
  switch (kind) {
    case "postgres":
      return physical === undefined ? postgresSteps(facts, into) : physicalSteps(physical, into);
    case "redis":
      return [
        "Stop Redis, put the RDB file into its data directory under the name that dbfilename says, and start it.",
        "With an append-only file, start it once with --appendonly no, then: redis-cli CONFIG SET appendonly yes",
      ];
    case "command":
      return [`Feed it to the program that agent.yaml names under restore: PROGRAM < ${quoted(`${into}/stream`)}`];
    case "files":
      return [`The files are below ${quoted(`${into}/roots`)}, one folder for each root of the source.`];
    default:
      return kind satisfies never;
  }
}

/** The data directory is whole as it is; its WAL brings it to consistency. */
function physicalSteps({ major, tablespaces }: PhysicalFacts, into: string): string[] {
  const data = `${into}/${dataEntry}`;
  return [
    `This is a data directory of PostgreSQL ${major} (or let muster-agent put it in place: --onto an agent.yaml with the source).`,
    ...tablespaces.map(({ oid, name, location }) => {
      const from = quoted(`${data}/pg_tblspc/${oid}`);
      return `  tablespace ${name}: mkdir -p ${quoted(location)} && mv ${from}/* ${quoted(location)} && rmdir ${from} && ln -s ${quoted(location)} ${from}`;
    }),
    ...(tablespaces.length === 0 ? [] : [`  rm ${quoted(`${data}/tablespace_map`)}`]),
    `  chown -R postgres: ${quoted(data)} && chmod 700 ${quoted(data)}`,
    `  as postgres: postgres -D ${quoted(data)}, which recovers by the WAL in the directory`,
  ];
}

/** Into a running server that has none of these databases; owners and roles come with the first command. */
function postgresSteps(facts: PointSummary["facts"], into: string): string[] {
  const { databases, major } = pointFacts(facts);
  return [
    `With PostgreSQL ${major} or newer, as its superuser (or let muster-agent do all of it: --onto postgres://postgres@HOST:5432):`,
    `  psql -d postgres -f ${quoted(`${into}/${globalsEntry}`)}`,
    ...databases.flatMap(({ name }) => [
      `  createdb -T template0 ${quoted(name)}`,
      `  pg_restore -d ${quoted(name)} -j 2 ${quoted(`${into}/${databaseDirectory(name)}/dump`)}`,
    ]),
  ];
}

function quoted(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
