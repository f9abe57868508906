import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { MusterError } from "@muster/core";
import { crc32c } from "./crc32c.ts";

/** What Muster needs to know of `global/pg_control`. */
export interface ControlFile {
  readonly systemIdentifier: string;
  readonly catalogVersion: number;
  /** The place that the latest checkpoint replays from. */
  readonly redo: bigint;
  readonly timeline: number;
  readonly pageSize: number;
  /** Pages in one file of a relation. */
  readonly segmentPages: number;
  readonly walSegmentSize: number;
  readonly checksums: boolean;
  readonly bytes: Buffer;
}

export const controlPath = "global/pg_control";

/** Where the checksum is, by pg_control_version (`ControlFileData` in pg_control.h): 14 to 16 are 1300. */
const checksumAt: Readonly<Record<number, number>> = { 1300: 288, 1700: 288, 1800: 292 };

const rereads = 50;
const rereadAfter = 20;

/**
 * Reads pg_control, again while its checksum is wrong: the server writes it in place, so a reader may see half of a write. Throws
 * `not-found`, `version-mismatch` for a version of its layout that is not known, `source-failed` when it stays wrong.
 */
export async function readControlFile(dataDirectory: string, signal: AbortSignal): Promise<ControlFile> {
  const path = join(dataDirectory, controlPath);
  for (let attempt = 0; ; attempt++) {
    const bytes = await readFile(path, { signal }).catch((cause: unknown) => {
      throw new MusterError("not-found", `${path} cannot be read, so ${dataDirectory} is no data directory`, { cause });
    });
    const control = parseControlFile(bytes, path);
    if (control !== undefined) return control;
    if (attempt === rereads) {
      throw new MusterError("source-failed", `${path} has a wrong checksum each of ${rereads} times that it was read`);
    }
    await wait(rereadAfter, undefined, { signal });
  }
}

/** Undefined when the checksum is wrong. */
export function parseControlFile(bytes: Buffer, path: string): ControlFile | undefined {
  if (bytes.length < 512) return undefined;
  const version = bytes.readUInt32LE(8);
  const at = checksumAt[version];
  if (at === undefined) {
    // A torn read never changes the version: it is the same in every write.
    throw new MusterError("version-mismatch", `${path} has the layout ${version}, which this agent does not know`, {
      hint: "Physical backups know PostgreSQL 14 to 18; use method: logical.",
    });
  }
  if (crc32c(bytes.subarray(0, at)) !== bytes.readUInt32LE(at)) return undefined;
  return {
    systemIdentifier: bytes.readBigUInt64LE(0).toString(),
    catalogVersion: bytes.readUInt32LE(12),
    redo: bytes.readBigUInt64LE(40),
    timeline: bytes.readUInt32LE(48),
    pageSize: bytes.readUInt32LE(216),
    segmentPages: bytes.readUInt32LE(220),
    walSegmentSize: bytes.readUInt32LE(228),
    checksums: bytes.readUInt32LE(252) !== 0,
    bytes,
  };
}
