import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface Measured {
  readonly wall: number;
  readonly cpu: number;
  /** MB. */
  readonly peak: number;
}

/** Runs a program under GNU time; seconds and megabytes. Throws when it fails, with what it said. */
export async function measure(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  scratch: string,
): Promise<Measured> {
  const file = join(scratch, "time.txt");
  const child = spawn("/usr/bin/time", ["-f", "%e %U %S %M", "-o", file, ...argv], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${said}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(file, "utf8").trim().split(" ").map(Number);
  rmSync(file);
  return { wall, cpu: user + system, peak: (kilobytes * 1024) / 1e6 };
}

/** The sizes of all files under a directory, in MB; links are not followed, and none is there when the directory is not. */
export function storedMegabytes(directory: string): number {
  if (!existsSync(directory)) return 0;
  const sizes = execFileSync("find", [directory, "-type", "f", "-printf", "%s\n"], { encoding: "utf8" });
  return sizes.split("\n").reduce((sum, size) => sum + Number(size), 0) / 1e6;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
