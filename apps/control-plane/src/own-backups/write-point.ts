import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { newId } from "@muster/core";
import { dumpDatabase } from "@muster/database";
import type { EntryMeta, PointSummary } from "@muster/repository";
import type { Config } from "../config.ts";
import type { ControlPlane } from "../context.ts";
import { version } from "../version.ts";
import { lastAuditSeq } from "./due.ts";
import { ownFiles, readOwnFile } from "./files.ts";
import { databaseEntry, filesEntry, ownService, ownSource } from "./names.ts";

/** Lines are written to the disk in parts of about so many bytes. */
const part = 65_536;

/**
 * Writes one point of the control plane itself into a repository: all tables as they were at one moment, and the files that it cannot
 * live without. The database is dumped to a private file first, so that a slow repository does not hold its transaction open.
 */
export async function writeOwnPoint(
  cp: Pick<ControlPlane, "config" | "db" | "clock" | "repositories">,
  repository: string,
  signal: AbortSignal,
): Promise<PointSummary> {
  const { clock, config, repositories } = cp;
  const domain = (await repositories.open(repository)).domain(ownService);
  const spool = join(config.dataDirectory, "spool", `${newId()}.jsonl`);
  await mkdir(join(config.dataDirectory, "spool"), { recursive: true, mode: 0o700 });
  try {
    const auditSeq = await lastAuditSeq(cp.db); // before the dump: what comes later is looked at once more
    const takenAt = clock.now();
    const rows = await dumpTo(cp, spool);
    const spec = { source: ownSource(repository), kind: "files", host: hostname(), startedAt: takenAt } as const;
    const writer = await domain.beginPoint(spec, { signal, clock });
    try {
      await writer.addFile(databaseEntry, metaAt(takenAt), createReadStream(spool));
      const files = await ownFiles(config);
      for (const file of files.files) {
        await writer.addFile(file.entry, metaAt(takenAt), once(await readOwnFile(config, file)));
      }
      await writer.addFile(filesEntry, metaAt(takenAt), once(Buffer.from(JSON.stringify(files, undefined, 2))));
      const driver = config.databaseUrl === undefined ? "pglite" : "pg";
      return await writer.commit({ takenAt, facts: { controlPlane: version, driver, rows, auditSeq } });
    } catch (thrown) {
      await writer.abort();
      throw thrown;
    }
  } finally {
    await rm(spool, { force: true });
  }
}

/** Removes what a control plane that was killed left of a dump. */
export async function removeSpool({ dataDirectory }: Pick<Config, "dataDirectory">): Promise<void> {
  await rm(join(dataDirectory, "spool"), { recursive: true, force: true });
}

async function dumpTo({ db }: Pick<ControlPlane, "db">, path: string): Promise<number> {
  await using file: FileHandle = await open(path, "wx", 0o600);
  let pending = "";
  const rows = await dumpDatabase(db, async (line) => {
    pending += `${line}\n`;
    if (pending.length < part) return;
    await file.writeFile(pending);
    pending = "";
  });
  await file.writeFile(pending);
  return rows;
}

function metaAt(takenAt: number): EntryMeta {
  return { mode: 0o600, uid: 0, gid: 0, mtimeNs: BigInt(takenAt) * 1_000_000n };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
