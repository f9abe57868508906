import { z } from "zod";
import { idLength } from "../chunk/chunk-id.ts";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openObject, sealObject } from "../encrypt/sealed-object.ts";
import { type ChunkRef, type PointSummary, pointKinds } from "../types.ts";

const chunkRef = z.tuple([z.string(), z.number().int().nonnegative()]).transform(([id, length], context): ChunkRef => {
  const bytes = Buffer.from(id, "base64url");
  if (bytes.length !== idLength) context.addIssue({ code: "custom", message: "is not a chunk id" });
  return { id: bytes, length };
});

const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  source: z.string(),
  kind: z.enum(pointKinds),
  host: z.string(),
  startedAt: z.number(),
  takenAt: z.number(),
  finishedAt: z.number(),
  logicalBytes: z.number(),
  storedBytes: z.number(),
  entries: z.number(),
  facts: z.record(z.string(), z.json()),
  tree: z.object({ depth: z.number().int().min(0).max(8), chunks: z.array(chunkRef) }),
});

export type Manifest = z.output<typeof manifestSchema>;

/** Seals a manifest under its name (`source/time-id`), which is bound to it. */
export function sealManifest(domain: DomainContext, name: string, manifest: Manifest): Promise<Buffer> {
  const chunks = manifest.tree.chunks.map(({ id, length }) => [Buffer.from(id).toString("base64url"), length]);
  const plain = Buffer.from(JSON.stringify({ ...manifest, tree: { ...manifest.tree, chunks } }));
  return sealObject(domain, "manifest", name, plain);
}

/** Opens a stored manifest. Throws `repository-corrupt`. */
export async function openManifest(domain: DomainContext, name: string, sealed: Uint8Array): Promise<Manifest> {
  const plain = await openObject(domain, "manifest", name, sealed);
  const parsed = manifestSchema.safeParse(JSON.parse(plain.toString("utf8")));
  if (parsed.success) return parsed.data;
  throw malformed(`manifest ${name}`, `does not follow the format: ${z.prettifyError(parsed.error)}`);
}

export function summaryOf(domain: string, { version: _, tree: __, ...rest }: Manifest): PointSummary {
  return { ...rest, domain };
}
