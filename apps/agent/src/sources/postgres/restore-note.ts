import { asideName, freshName } from "./layout.ts";

/** One database of a restore, by names and by oid: a rename keeps the oid, so it tells which database is which. */
export interface DatabaseNote {
  readonly name: string;
  readonly fresh: string;
  readonly aside: string;
  /** The database that stood there before; null when there was none. */
  readonly oldOid: string | null;
  /** The database that the restore made; null until it is there. */
  readonly freshOid: string | null;
}

export interface RestoreDetail {
  readonly databases: readonly DatabaseNote[];
  /** Whether `globals-<id>.sql` in the state directory has the globals from before. */
  readonly globalsSaved: boolean;
}

/** The note of a database that nothing has been done to yet. */
export function newDatabaseNote(name: string, asideId: string, oldOid: string | undefined): DatabaseNote {
  return {
    name,
    fresh: freshName(name, asideId),
    aside: asideName(name, asideId),
    oldOid: oldOid ?? null,
    freshOid: null,
  };
}
