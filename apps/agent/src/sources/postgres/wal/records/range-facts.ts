import type { RangeFacts } from "@muster/repository";
import { z } from "zod";
import type { FoundRecord } from "./scanner.ts";

/** A restore point in the log. */
export interface RestorePoint {
  readonly name: string;
  readonly lsn: bigint;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

/** What is known of a stretch of WAL without reading it; times are those of ends of transactions. */
export interface WalFacts {
  readonly firstCommit: number | undefined;
  readonly lastCommit: number | undefined;
  readonly points: readonly RestorePoint[];
}

export const noFacts: WalFacts = { firstCommit: undefined, lastCommit: undefined, points: [] };

/** Gathers the facts of a range while its records pass. */
export interface FactsGatherer {
  add(found: FoundRecord): void;
  /** What was gathered since the last call. */
  take(): WalFacts;
}

export function factsGatherer(): FactsGatherer {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let points: RestorePoint[] = [];
  return {
    add({ lsn, record }) {
      if (record.kind === "restore-point") points.push({ name: record.name, lsn, time: record.time });
      else {
        first = Math.min(first, record.time); // times are not in the order of the log
        last = Math.max(last, record.time);
      }
    },
    take() {
      const taken = Number.isFinite(last) ? { firstCommit: first, lastCommit: last, points } : { ...noFacts, points };
      first = Number.POSITIVE_INFINITY;
      last = Number.NEGATIVE_INFINITY;
      points = [];
      return taken;
    },
  };
}

export function joinFacts(parts: readonly WalFacts[]): WalFacts {
  const first = parts.flatMap(({ firstCommit }) => firstCommit ?? []);
  const last = parts.flatMap(({ lastCommit }) => lastCommit ?? []);
  return {
    firstCommit: first.length === 0 ? undefined : Math.min(...first),
    lastCommit: last.length === 0 ? undefined : Math.max(...last),
    points: parts.flatMap(({ points }) => points),
  };
}

export function encodeFacts({ firstCommit, lastCommit, points }: WalFacts): RangeFacts {
  return {
    ...(firstCommit === undefined ? {} : { firstCommit }),
    ...(lastCommit === undefined ? {} : { lastCommit }),
    ...(points.length === 0 ? {} : { points: points.map(({ name, lsn, time }) => [name, lsn.toString(16), time]) }),
  };
}

const schema = z.object({
  firstCommit: z.number().optional(),
  lastCommit: z.number().optional(),
  points: z.array(z.tuple([z.string(), z.string().regex(/^[0-9a-f]+$/), z.number()])).default([]),
});

/** Reads facts of a range. Throws a ZodError for what `encodeFacts` does not make. */
export function decodeFacts(facts: RangeFacts): WalFacts {
  const { firstCommit, lastCommit, points } = schema.parse(facts);
  return {
    firstCommit,
    lastCommit,
    points: points.map(([name, lsn, time]) => ({ name, lsn: BigInt(`0x${lsn}`), time })),
  };
}
