import { createHash } from "node:crypto";
import type { DeletableStore } from "@muster/object-store";
import { openDeletableFileStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "../context.ts";
import { claimDomain } from "../domain-key.ts";
import { chunkIndex } from "../index/chunk-index.ts";
import { type IndexedPack, writeIndex } from "../index/index-object.ts";
import { sealManifest } from "../manifest/manifest.ts";
import { manifestKey, manifestName } from "../manifest/points.ts";
import { encodeFooter, type FooterSegment } from "../pack/footer.ts";
import { packKey } from "../pack/layout.ts";
import { sweepAuthority } from "../sweep/authority.ts";
import { sweepRepository } from "../sweep/sweep.ts";
import type { SweepReport, SweepRules } from "../sweep/types.ts";
import { contentBuilder } from "../tree/chunk-list.ts";
import { treeWriter } from "../tree/tree-writer.ts";
import type { Content } from "../types.ts";
import { chunkWriter } from "../write/chunk-writer.ts";

/*
 * A domain of very many chunks without their bytes, to measure how a sweep grows: its packs of data are only listed, and stand in real
 * indexes; lists, trees and manifests are real. Chunks have 256 KiB, packs 64 of them, files 4096.
 */

const [chunksPerSegment, segmentsPerPack, chunksPerFile, packsPerIndex] = [4, 16, 4096, 3000];
const chunkLength = 262_144;
const packSize = 16 * 2 ** 20;
const chunksPerPack = chunksPerSegment * segmentsPerPack;

export interface LargeDomain {
  /** A folder for what is real, which exists. */
  readonly path: string;
  readonly chunks: number;
  /** Points, each of which needs all files but a few of its own choice. */
  readonly points: number;
}

/** Makes the domain; takes some seconds for each million of chunks. */
export async function makeLargeDomain({ path, chunks, points }: LargeDomain): Promise<void> {
  const domain = contextOf(await openDeletableFileStore(path));
  await claimDomain(domain);
  const packs = Math.ceil(chunks / chunksPerPack);
  for (let from = 0; from < packs; from += packsPerIndex) {
    const count = Math.min(packsPerIndex, packs - from);
    const named = Array.from({ length: count }, (_, n) => packOf(from + n));
    await writeIndex(domain, { supersedes: [], packs: named }, undefined);
  }
  const writer = chunkWriter(domain, chunkIndex(), { level: 3, readBack: "sample", signal: undefined });
  const files: Content[] = [];
  for (let first = 0; first < chunks; first += chunksPerFile) {
    const builder = contentBuilder(async (list) => (await writer.storeMeta(list)).id);
    for (let n = first; n < Math.min(chunks, first + chunksPerFile); n++) {
      await builder.add({ id: idOf("chunk", n), length: chunkLength });
    }
    files.push(await builder.finish());
  }
  for (let point = 0; point < points; point++) {
    const tree = treeWriter((plain) => writer.storeMeta(plain));
    for (const [n, content] of files.entries()) {
      if (n % 20 === point) continue;
      const stats = { mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n, size: 0 };
      await tree.add({ type: "file", path: `file-${String(n).padStart(8, "0")}`, ...stats, content });
    }
    await putManifest(domain, point, await tree.finish());
  }
  await writer.finish();
  await writer.settle();
}

/** Sweeps it dry, as a preview does; temporary files go to the folder. */
export async function previewLargeDomain(
  { path, chunks }: LargeDomain,
  scratch: string,
  expired: readonly string[],
): Promise<SweepReport> {
  const real = await openDeletableFileStore(path);
  const store: DeletableStore = {
    ...real,
    async *list(prefix, options) {
      yield* real.list(prefix, options);
      if (prefix !== "d/packs/") return;
      for (let n = 0; n * chunksPerPack < chunks; n++) {
        yield { key: packKey(contextOf(real), idOf("pack", n).subarray(0, 16)), size: packSize, modified: 1 };
      }
    },
  };
  const rules: SweepRules = {
    expired: async () => new Map(expired.map((id) => [id, "it is measured"])),
    release: async () => new Set(),
    deleted: async () => undefined,
  };
  const authority = sweepAuthority(key, repositoryId, "d");
  const opened = { domain: contextOf(store), authority };
  return sweepRepository(store, () => opened, { rules, grace: 1, scratch, dryRun: true });
}

const key = Buffer.alloc(32, 7);
const repositoryId = "00000000-0000-4000-8000-00000000000e";
let known: { readonly store: DeletableStore; readonly context: DomainContext } | undefined;

function contextOf(store: DeletableStore): DomainContext {
  if (known?.store !== store) known = { store, context: domainContext(store, repositoryId, "d", key) };
  return known.context;
}

function idOf(kind: string, n: number): Buffer {
  return createHash("sha256").update(`${kind} ${n}`).digest();
}

function packOf(n: number): IndexedPack {
  const segments = Array.from({ length: segmentsPerPack }, (_, segment): FooterSegment => {
    const first = n * chunksPerPack + segment * chunksPerSegment;
    const chunks = Array.from({ length: chunksPerSegment }, (_, c) => ({
      id: idOf("chunk", first + c),
      length: chunkLength,
    }));
    return { offset: segment * 2 ** 20, length: 2 ** 20, plainLength: chunksPerSegment * chunkLength, chunks };
  });
  return { packId: idOf("pack", n).subarray(0, 16), size: packSize, footer: encodeFooter(segments) };
}

async function putManifest(domain: DomainContext, point: number, tree: Content): Promise<void> {
  const takenAt = Date.UTC(2026, 0, 1 + point);
  const name = manifestName("large", takenAt, `p${point}`);
  const times = { startedAt: takenAt, takenAt, finishedAt: takenAt };
  const sizes = { logicalBytes: 0, storedBytes: 0, entries: 0 };
  const what = { version: 1, id: `p${point}`, source: "large", kind: "files", host: "h", facts: {} } as const;
  const manifest = { ...what, ...times, ...sizes, tree: { depth: tree.depth, chunks: [...tree.chunks] } };
  await domain.store.put(manifestKey(domain, name), await sealManifest(domain, name, manifest));
}
