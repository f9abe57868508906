import { z } from "zod";
import type { Facts } from "../../source.ts";

const schema = z.object({
  method: z.literal("physical"),
  version: z.string(),
  major: z.number(),
  systemIdentifier: z.string(),
  timeline: z.number(),
  /** Where recovery begins, and what it must reach to be consistent. */
  startLsn: z.string(),
  stopLsn: z.string(),
  walSegmentSize: z.number(),
  checksums: z.boolean(),
  tablespaces: z.array(z.object({ oid: z.string(), name: z.string(), location: z.string() })),
  /** Bytes on the disk that holds the data directory; tablespaces apart. */
  pagesDamaged: z.array(z.object({ path: z.string(), pages: z.array(z.number()) })),
  /** When every file was last read, in ms: of later points, files that were certain to be unchanged were taken over. */
  fullReadAt: z.number(),
});

/** What a physical backup says of itself in its point. */
export type PhysicalFacts = z.infer<typeof schema>;

/** Undefined when the point is not of a physical backup. */
export function physicalFacts(facts: Facts): PhysicalFacts | undefined {
  const parsed = schema.safeParse(facts);
  return parsed.success ? parsed.data : undefined;
}
