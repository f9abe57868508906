import { MusterError, sleep } from "@muster/core";
import { databaseOid } from "./cluster-facts.ts";
import { type Client, identifier } from "./connection.ts";

/** How long connections may take to go away after they were cut, in milliseconds. */
const disconnectDeadline = 30_000;

/** A rename that is part of a switch. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** Renames databases in one transaction: a crash leaves all old names or all new ones. */
export async function renameTogether(client: Client, renames: readonly Rename[]): Promise<void> {
  await client.query("BEGIN");
  try {
    for (const { from, to } of renames) {
      await client.query(`ALTER DATABASE ${identifier(from)} RENAME TO ${identifier(to)}`);
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined); // the connection may be gone; the first error counts
    throw error;
  }
}

/** Closes a database to everybody and cuts who is in it. It stays closed until `openDatabase`. */
export async function closeDatabase(client: Client, name: string, signal: AbortSignal): Promise<void> {
  await client.query(`ALTER DATABASE ${identifier(name)} ALLOW_CONNECTIONS false`);
  const end = performance.now() + disconnectDeadline;
  for (;;) {
    const { rowCount } = await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
      [name],
    );
    if (rowCount === 0) return;
    if (performance.now() > end) {
      await openDatabase(client, name);
      throw new MusterError("timeout", `${rowCount} connections to database "${name}" do not end`, {
        hint: "Stop the services that use it, then repeat the restore.",
      });
    }
    await sleep(50, signal);
  }
}

export async function openDatabase(client: Client, name: string): Promise<void> {
  await client.query(`ALTER DATABASE ${identifier(name)} ALLOW_CONNECTIONS true`);
}

/** Throws `conflict` when the database under that name is not the one that we know by its oid. */
export async function requireOid(client: Client, name: string, oid: string): Promise<void> {
  const found = await databaseOid(client, name);
  if (found === oid) return;
  throw new MusterError("conflict", `database "${name}" is not the one that the restore left there`, {
    hint: "Somebody dropped or replaced it meanwhile; move it out of the way by hand.",
    details: { expectedOid: oid, foundOid: found ?? null },
  });
}
