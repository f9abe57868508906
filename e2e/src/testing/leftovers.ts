import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Processes whose command line names a folder or that work in it: what a fleet has left behind. */
export function processesOf(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((name) => ({ pid: Number(name), command: read(() => readFileSync(`/proc/${name}/cmdline`, "utf8")) }))
    .filter(({ pid, command }) => command.includes(folder) || isBelow(folder, pid))
    .map(({ pid, command }) => ({ pid, command: command.replaceAll("\0", " ") }));
}

function isBelow(folder: string, pid: number): boolean {
  const directory = read(() => readlinkSync(`/proc/${pid}/cwd`));
  return directory === folder || directory.startsWith(`${folder}/`);
}

/** Empty when the process has ended meanwhile. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return "";
  }
}
