import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whom a server runs as: it refuses to be root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** The user `postgres` when the tests run as root, else whoever runs them. */
export async function serverAccount(): Promise<ServerAccount> {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? uid };
  const id = async (flag: string): Promise<number> => Number((await run("id", [flag, "postgres"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

/** Where npm packages with servers are; tools/setup/postgres-servers.sh installs them. */
const packages = fileURLToPath(new URL("../../../../.cache/postgres-servers/node_modules/", import.meta.url));
const supported = [14, 15, 16, 17, 18];

/** Where the programs of a major version are, or undefined. Packages have initdb, pg_ctl and postgres only; Debian has all. */
export function postgresPrograms(major: number): string | undefined {
  const places = [`/usr/lib/postgresql/${major}/bin`, `${packages}postgres-${major}/native/bin`];
  return places.find((place) => existsSync(join(place, "initdb")));
}

/** The major versions that can be tested here. */
export const testedMajors: readonly number[] = supported.filter((major) => postgresPrograms(major) !== undefined);

/** The same programs where the account may run them: a clone in root's home is closed to others, so they are copied. */
export async function reachablePrograms(
  major: number,
  account: ServerAccount,
): Promise<{ readonly bin: string; readonly copy: string | undefined }> {
  const bin = postgresPrograms(major);
  if (bin === undefined) throw new Error(`there are no programs of PostgreSQL ${major}: npm test installs them`);
  if (await mayRun(join(bin, "postgres"), account)) return { bin, copy: undefined };
  const copy = await mkdtemp(join(tmpdir(), `muster-postgres-${major}-`));
  await chmod(copy, 0o755);
  await cp(join(bin, ".."), copy, { recursive: true, verbatimSymlinks: true });
  return { bin: join(copy, "bin"), copy };
}

/** Removes what `reachablePrograms` copied. */
export async function dropPrograms(copy: string | undefined): Promise<void> {
  if (copy !== undefined) await rm(copy, { recursive: true, force: true });
}

async function mayRun(program: string, account: ServerAccount): Promise<boolean> {
  return run(program, ["--version"], account).then(
    () => true,
    () => false,
  );
}
