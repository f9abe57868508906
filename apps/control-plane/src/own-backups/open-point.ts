import { readFile } from "node:fs/promises";
import { MusterError } from "@muster/core";
import { openStore } from "@muster/object-store";
import { openRepository, type PointReader, type PointSummary, unlockFromText } from "@muster/repository";
import { filesSchema, type OwnFiles } from "./files.ts";
import { filesEntry, ownService } from "./names.ts";

export interface OwnPoint {
  readonly reader: PointReader;
  readonly files: OwnFiles;
}

/** Where points of a control plane are, and what opens them. */
export interface OwnPlace {
  readonly repository: string;
  /** A file with a passphrase or a private key; `kms`: the key service. */
  readonly key: string;
}

/** The points of a control plane in a repository, newest first. Throws `point-missing` when there is none. */
export async function listOwnPoints(place: OwnPlace): Promise<PointSummary[]> {
  const { points } = await openDomain(place);
  return points;
}

/** Opens one of them, or the newest. Throws `point-missing`, `repository-corrupt`. */
export async function openOwnPoint(place: OwnPlace, wanted: string): Promise<OwnPoint> {
  const { domain, points } = await openDomain(place);
  const point = wanted === "latest" ? points[0] : points.find(({ id }) => id === wanted);
  if (point === undefined) {
    throw new MusterError("point-missing", `there is no point ${wanted} of a control plane in the repository`, {
      hint: "List them with --list.",
    });
  }
  const reader = await domain.openPoint(point.id);
  const parsed = filesSchema.safeParse(JSON.parse((await readEntry(reader, filesEntry)).toString("utf8")));
  if (parsed.success) return { reader, files: parsed.data };
  throw new MusterError("repository-corrupt", `the point ${point.id} does not say what its files are`);
}

async function openDomain({ repository: address, key }: OwnPlace) {
  const given = key === "kms" ? ({ kms: true } as const) : unlockFromText(await readKey(key));
  const repository = await openRepository(await openStore(address), given);
  const domain = repository.domain(ownService);
  const points = (await domain.listPoints()).toSorted((a, b) => b.takenAt - a.takenAt);
  if (points.length > 0) return { domain, points };
  throw new MusterError("point-missing", "the repository holds no point of a control plane", {
    hint: "Is it one that ownBackups names? Services are restored from it by muster-agent restore all the same.",
  });
}

async function readKey(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MusterError("secret-missing", `the key file ${path} cannot be read`, { cause });
  });
  if (text.trim() !== "") return text;
  throw new MusterError("secret-missing", `the key file ${path} is empty`);
}

/** The bytes of an entry. Throws `repository-corrupt` when the point does not have it. */
export async function readEntry(reader: PointReader, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(reader, path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The same, chunk by chunk. */
export async function* readChunks(reader: PointReader, path: string): AsyncGenerator<Uint8Array> {
  const entry = await reader.entry(path);
  if (entry === undefined) throw new MusterError("repository-corrupt", `the point has no entry ${path}`);
  yield* reader.read(entry);
}
