import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { shortId } from "../../aside-note.ts";
import { exists } from "../../disk.ts";
import { placeOf } from "../../files/place.ts";
import type { RootNote } from "../../files/switch.ts";
import type { PhysicalConfig } from "./physical-config.ts";
import type { PhysicalFacts } from "./point-facts.ts";

/** Where one tablespace of the point goes. */
export interface TablespacePlace extends RootNote {
  readonly oid: string;
  /** What `pg_tblspc/<oid>` will point to; `root` is the server's own directory inside it. */
  readonly location: string;
}

export interface RestorePlaces {
  readonly data: RootNote;
  readonly tablespaces: readonly TablespacePlace[];
}

/** Where a restore stages, switches and keeps things: the data directory, and of each tablespace the directory of this version. */
export async function restorePlaces(
  config: PhysicalConfig,
  point: PhysicalFacts,
  versionDirectories: ReadonlyMap<string, string>,
  asideId: string,
): Promise<RestorePlaces> {
  const id = shortId(asideId);
  const data = await rootNote(config.dataDirectory, id);
  const tablespaces: TablespacePlace[] = [];
  for (const { oid, name, location } of point.tablespaces) {
    const mapped = config.tablespaces[name] ?? location;
    const version = versionDirectories.get(oid);
    if (version === undefined)
      throw new MusterError("repository-corrupt", `the point has no files of tablespace "${name}"`);
    tablespaces.push({ oid, location: mapped, ...(await rootNote(join(mapped, version), id)) });
  }
  return { data, tablespaces };
}

async function rootNote(root: string, id: string): Promise<RootNote> {
  const place = await placeOf(root, id);
  const existed = await exists(root);
  if (existed && !(await lstat(root)).isDirectory()) {
    throw new MusterError("conflict", `${root} is there and is no directory`, { hint: "Move it away." });
  }
  if (place.how === "whole") return { ...place, existed, oldNames: [] };
  const names = (await readdir(root)).filter((name) => !name.startsWith(".muster-") && name !== "lost+found");
  return { ...place, existed, oldNames: names };
}
