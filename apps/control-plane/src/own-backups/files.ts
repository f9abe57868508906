import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { systemErrorCode } from "@muster/core";
import { z } from "zod";
import type { Config } from "../config.ts";

/** A file that the control plane cannot live without. `path` is relative to the data folder, or absolute outside of it. */
export interface OwnFile {
  /** Its entry in the point. */
  readonly entry: string;
  readonly path: string;
  readonly mode: number;
}

/** What a point says of its files. */
export const filesSchema = z.object({
  version: z.literal(1),
  /** Where the data folder was. */
  dataDirectory: z.string(),
  /** Where the configuration was; undefined when there was none. */
  configFile: z.string().optional(),
  /** Addresses of its repositories, by name. */
  repositories: z.record(z.string(), z.string()),
  files: z.array(z.object({ entry: z.string(), path: z.string(), mode: z.int() })),
});
export type OwnFiles = z.output<typeof filesSchema>;

/** In the data folder: the certificate authority, the admin's token, keys of repositories and the marks that they were made. */
const own = ["authority.pem", "admin.token", "keys", "repositories"];

/** The files that are there now: those of the data folder, and all that the configuration names. */
export async function ownFiles(config: Config): Promise<OwnFiles> {
  const { dataDirectory, configFile } = config;
  const paths = new Set<string>();
  for (const name of own) for (const path of await filesAt(join(dataDirectory, name))) paths.add(path);
  for (const path of config.namedFiles) for (const found of await filesAt(path)) paths.add(found);
  const files = await Promise.all([...paths].sort().map((path, n) => describe(dataDirectory, path, n)));
  const repositories = Object.fromEntries(Object.entries(config.repositories).map(([name, { url }]) => [name, url]));
  return { version: 1, dataDirectory, ...(configFile === undefined ? {} : { configFile }), repositories, files };
}

async function describe(dataDirectory: string, path: string, n: number): Promise<OwnFile> {
  const inside = relative(dataDirectory, path);
  const outside = inside.startsWith("..") || isAbsolute(inside);
  const { mode } = await stat(path);
  return { entry: `files/${n}`, path: outside ? path : inside, mode: mode & 0o777 };
}

/** The file, or the files in the folder, of that path; none when it is not there. */
async function filesAt(path: string): Promise<string[]> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return [path];
    return (await Promise.all((await readdir(path)).map((name) => filesAt(join(path, name))))).flat();
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return [];
    throw thrown;
  }
}

/** The bytes of a file of the list. */
export function readOwnFile({ dataDirectory }: Config, { path }: OwnFile): Promise<Buffer> {
  return readFile(isAbsolute(path) ? path : join(dataDirectory, path));
}
