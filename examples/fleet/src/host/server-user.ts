import { run } from "../processes.ts";

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package made. Undefined: as we are. */
export async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const uid = Number(await run(["id", "-u", "postgres"]));
  const gid = Number(await run(["id", "-g", "postgres"]));
  return { uid, gid };
}

/** The argument vector, run as the server's user where we are root. */
export async function asServerUser(argv: readonly string[]): Promise<string[]> {
  return process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--", ...argv] : [...argv];
}
