import type { Config } from "../config.ts";
import type { Tx } from "../context.ts";
import { slicesIn, slicesOf } from "./verify-slices.ts";

/** Of the parts in which a repository is read, those read since a moment; undefined for one that no schedule reads. */
export type SampleProgress = (repository: string, since: Date) => { read: number; of: number } | undefined;

/** How far the scheduled verification of each repository has come. */
export async function sampleProgress(tx: Tx, repositories: Config["repositories"]): Promise<SampleProgress> {
  const readAt = new Map<string, Date[]>();
  for (const [name, { verifyEveryMs }] of Object.entries(repositories)) {
    if (verifyEveryMs === undefined) continue;
    const rows = await slicesOf(tx, name, slicesIn(verifyEveryMs));
    readAt.set(
      name,
      rows.map(({ finishedAt }) => finishedAt),
    );
  }
  return (repository, since) => {
    const every = repositories[repository]?.verifyEveryMs;
    if (every === undefined) return undefined;
    const read = (readAt.get(repository) ?? []).filter((at) => at > since).length;
    return { read, of: slicesIn(every) };
  };
}
