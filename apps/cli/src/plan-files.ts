import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";

export interface PlanFile {
  readonly name: string;
  readonly text: string;
}

/** Reads plan files; a folder stands for the .yaml and .yml files in it. Throws `usage` for one that cannot be read. */
export async function readPlanFiles(paths: readonly string[], directory: string): Promise<PlanFile[]> {
  const files = await Promise.all(paths.map((path) => readPath(resolve(directory, path), path)));
  const all = files.flat();
  if (all.length === 0) {
    throw new MusterError("usage", `there is no .yaml file in ${paths.join(", ")}`, { hint: "Name a plan file." });
  }
  return all;
}

async function readPath(path: string, shown: string): Promise<PlanFile[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ name: shown, text: await readFile(path, "utf8") }];
    const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
    return await Promise.all(
      names.map(async (name) => ({ name: join(shown, name), text: await readFile(join(path, name), "utf8") })),
    );
  } catch (cause) {
    const why = systemErrorCode(cause) === "ENOENT" ? "there is no such file" : String(systemErrorCode(cause) ?? cause);
    throw new MusterError("usage", `${shown} cannot be read: ${why}`, {
      cause,
      hint: `Is ${basename(shown)} the right name?`,
    });
  }
}
