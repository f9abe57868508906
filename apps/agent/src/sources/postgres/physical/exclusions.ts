import { isTemporaryRelation, parseRelationFile } from "./relation-name.ts";

/*
 * What a backup leaves out, as in PostgreSQL's manual ("Backing Up the Data Directory", and pg_basebackup's lists in
 * src/backend/backup/basebackup.c). Paths are relative to the data directory.
 */

/** Directories that are kept, and whose content is not: the server makes it anew, or it would be wrong after a restore. */
const emptied: ReadonlySet<string> = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);

const files: ReadonlySet<string> = new Set([
  "postmaster.pid",
  "postmaster.opts",
  "recovery.signal",
  "standby.signal",
  "postgresql.auto.conf.tmp",
  "current_logfiles.tmp",
  "backup_manifest",
  // What the stop call returns stands for these; what lies in the data directory is of another backup.
  "backup_label",
  "backup_label.old",
  "tablespace_map",
  "tablespace_map.old",
]);

/** Whether a directory's content is left out. */
export function isEmptied(path: string): boolean {
  return emptied.has(path);
}

/** Whether a file or directory is left out altogether. */
export function isExcluded(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return files.has(path) || name.startsWith("pgsql_tmp") || name.startsWith("pg_internal.init");
}

/** Whether a directory holds relations: `global`, those of databases, and those of databases in a tablespace. */
export function holdsRelations(directory: string): boolean {
  return directory === "global" || /^base\/\d+$/.test(directory) || /^pg_tblspc\/\d+\/PG_[^/]+\/\d+$/.test(directory);
}

/** The names of a directory of relations that are kept: no temporary ones, and of unlogged ones only what they start from. */
export function keptRelations(names: readonly string[]): string[] {
  const unlogged = new Set<string>();
  for (const name of names) {
    const relation = parseRelationFile(name);
    if (relation?.fork === "init") unlogged.add(relation.oid);
  }
  return names.filter((name) => {
    if (isTemporaryRelation(name)) return false;
    const relation = parseRelationFile(name);
    return relation === undefined || relation.fork === "init" || !unlogged.has(relation.oid);
  });
}
