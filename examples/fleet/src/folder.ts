import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The demo's one folder: everything it makes lies in it, and everything it starts is written down in it. */
export interface Folder {
  readonly path: string;
  /** A path inside the folder. */
  at(...parts: string[]): string;
  /** Writes a started process down, so that a later demo can stop it if this one is killed. */
  remember(pid: number): void;
}

/** Where the demo lives unless told otherwise: one per user. */
export function defaultFolder(): string {
  return join(tmpdir(), `muster-demo-${process.getuid?.() ?? "user"}`);
}

/**
 * Makes the folder anew. What a killed demo left there (processes and files) is stopped and removed first.
 * Throws when another demo still runs there.
 */
export async function makeFolder(path: string): Promise<Folder> {
  const pidFile = join(path, "pids");
  if (existsSync(pidFile)) await clearLeftovers(path, pidFile);
  else if (existsSync(path)) throw new Error(`${path} exists and is not a demo's folder; choose another with --dir`);
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
  await writeFile(pidFile, `${process.pid}\n`);
  return {
    path,
    at: (...parts) => join(path, ...parts),
    remember: (pid) => appendFileSync(pidFile, `${pid}\n`),
  };
}

async function clearLeftovers(path: string, pidFile: string): Promise<void> {
  const [main, ...rest] = readFileSync(pidFile, "utf8").trim().split("\n").map(Number);
  if (main !== undefined && isDemo(main)) {
    throw new Error(`a demo runs already (process ${main}); stop it with Ctrl-C, or choose another folder with --dir`);
  }
  for (const pid of [...rest.reverse(), ...postmasterPids(path)]) {
    if (await belongsTo(pid, path)) process.kill(pid, "SIGKILL");
  }
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}

function isDemo(pid: number): boolean {
  return pid !== process.pid && commandLine(pid).includes("examples/fleet/src/main.ts");
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** A pid may have been given to somebody else's process: ours name the folder or work in it. */
async function belongsTo(pid: number, path: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  if (commandLine(pid).includes(path)) return true;
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  return directory === path || directory.startsWith(`${path}/`);
}

/** Servers that agents started after a recovery are known by their pid files only. */
function postmasterPids(path: string): number[] {
  return ["hosts/db-1/postgres/postmaster.pid", "hosts/cache-1/redis/redis.pid", "hosts/app-1/shop.pid"]
    .map((file) => join(path, file))
    .filter((file) => existsSync(file))
    .map((file) => Number(readFileSync(file, "utf8").split("\n")[0]));
}
