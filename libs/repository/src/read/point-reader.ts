import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { loadStoredIndex } from "../index/load-index.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { summaryOf } from "../manifest/manifest.ts";
import { writeLike } from "../pages/write-like.ts";
import { writeFilesInThreads } from "../restore/write-files.ts";
import { writeFilesHere } from "../restore/write-files-here.ts";
import { decodeEntries } from "../tree/entry-codec.ts";
import type { Content, Entry, LinkEntry } from "../types.ts";
import { type ChunkReader, chunkReader } from "./chunk-reader.ts";
import { readContent } from "./read-content.ts";
import type { PointReader } from "./types.ts";

/** Bytes of content from which starting threads for a restore pays. */
const threadsPayFrom = 16 * 2 ** 20;

/** Opens the content of a point whose manifest is read. Loads the domain's index, as far as its packs are there. */
export async function pointReader(domain: DomainContext, manifest: Manifest): Promise<PointReader> {
  const index = await loadStoredIndex(domain);
  const chunks = chunkReader(domain, index);
  const entries = () => entriesOf(manifest.tree, chunks);
  const entry = async (path: string): Promise<Entry | undefined> => {
    for await (const found of entries()) if (found.path === path) return found;
    return undefined;
  };
  async function* read(of: Entry, options?: { readonly signal?: AbortSignal | undefined }) {
    const source = of.type === "hardlink" ? await linkedEntry(of, entry) : of;
    yield* readContent(source.content, chunks, options?.signal);
  }
  return {
    summary: summaryOf(domain.name, manifest),
    entries,
    entry,
    read,
    async writeFiles(files, options = {}) {
      const inThreads = manifest.logicalBytes >= threadsPayFrom;
      if (inThreads) await writeFilesInThreads({ domain, index, chunks }, files, options);
      else await writeFilesHere(read, files, options);
    },
    writeLike: (file, like, options = {}) => writeLike({ ids: domain.ids, chunks }, file, like, options),
  };
}

/** All entries of a tree, leaf by leaf. */
export async function* entriesOf(tree: Content, chunks: ChunkReader): AsyncGenerator<Entry> {
  for await (const leaf of readContent(tree, chunks)) yield* decodeEntries(leaf);
}

/** The file whose content a hard link shares. Throws `repository-corrupt` when the point does not have it. */
async function linkedEntry(
  link: LinkEntry<"hardlink">,
  entry: (path: string) => Promise<Entry | undefined>,
): Promise<Entry> {
  const found = await entry(link.target);
  if (found?.type === "file") return found;
  throw new MusterError(
    "repository-corrupt",
    `${link.path} is a link to ${link.target}, which is no file of this point`,
  );
}
