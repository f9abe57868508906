import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readdir, readlink, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alive, commandLine, until } from "./processes.ts";

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
  // Made aside and renamed: a demo that is killed here leaves no folder that the next one does not know for its own.
  const fresh = `${path}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  await chmod(fresh, 0o755);
  await writeFile(join(fresh, "pids"), `${process.pid}\n`);
  await rename(fresh, path);
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
  await endProcesses(path, rest);
  // The list goes last: a clearing that is cut off is taken up by the next demo.
  const others = (await readdir(path)).filter((name) => name !== "pids");
  for (const name of others) await rm(join(path, name), { recursive: true, force: true, maxRetries: 10 });
  await rm(path, { recursive: true, force: true });
}

/** Kills every process of a demo but this one. Who is killed may have started another just before: until nobody is left. */
export async function endProcesses(path: string, known: readonly number[] = []): Promise<void> {
  await until(`the processes of the demo in ${path} to end`, async () => {
    const left = await processesOf(path, known);
    for (const pid of left) process.kill(pid, "SIGKILL");
    return left.length === 0;
  });
}

function isDemo(pid: number): boolean {
  return pid !== process.pid && commandLine(pid).includes("examples/fleet/src/main.ts");
}

/** The demo's living processes: those it wrote down, and servers and jobs that its agents started. */
async function processesOf(path: string, known: readonly number[]): Promise<number[]> {
  const all = await readdir("/proc").catch(() => []);
  const pids = new Set([...known, ...all.filter((name) => /^\d+$/.test(name)).map(Number)]);
  const left: number[] = [];
  for (const pid of pids) if (pid !== process.pid && alive(pid) && (await belongsTo(pid, path))) left.push(pid);
  return left;
}

/** A pid may have been given to somebody else's process: ours work in the folder, or are given a path in it. */
async function belongsTo(pid: number, path: string): Promise<boolean> {
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  if (directory === path || directory.startsWith(`${path}/`)) return true;
  return commandLine(pid).includes(`${path}/`);
}
