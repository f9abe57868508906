import { mkdir, open, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import type { OwnFile } from "./files.ts";
import { type OwnPoint, readEntry } from "./open-point.ts";

/** Where each file of a point goes. */
export interface Places {
  /** In place of the data folder. */
  readonly data: string;
  /** In place of the configuration file; undefined: where it was. */
  readonly config: string | undefined;
}

/**
 * Writes the files of a point: those of the data folder below `data`, the others where they were. A file that is there already is
 * never written over. Gives what was done with those outside the data folder, in words.
 */
export async function restoreFiles({ reader, files }: OwnPoint, places: Places): Promise<string[]> {
  const notes: string[] = [];
  for (const file of files.files) {
    const bytes = await readEntry(reader, file.entry);
    const path = placeOf(file, files.configFile, places);
    const done = await writeNew(path, bytes, file.mode);
    if (path !== join(places.data, file.path)) notes.push(`${done}: ${path}`);
  }
  return notes;
}

function placeOf({ path }: OwnFile, configFile: string | undefined, { data, config }: Places): string {
  if (config !== undefined && path === configFile) return config;
  if (isAbsolute(path)) return path;
  const place = normalize(join(data, path));
  if (place.startsWith(`${normalize(data)}/`)) return place;
  throw new MusterError("repository-corrupt", `the file "${path}" of the point does not stay in the data folder`);
}

type Done = "written" | "there already, the same" | "LEFT AS IT IS, though the point has another";

async function writeNew(path: string, bytes: Buffer, mode: number): Promise<Done> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await using file = await open(path, "wx", mode);
    await file.writeFile(bytes);
    await file.sync();
    return "written";
  } catch (thrown) {
    if (systemErrorCode(thrown) !== "EEXIST") throw thrown;
    const same = (await readFile(path)).equals(bytes);
    return same ? "there already, the same" : "LEFT AS IT IS, though the point has another";
  }
}
