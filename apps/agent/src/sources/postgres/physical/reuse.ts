import type { PointWriter } from "@muster/repository";
import { physicalFacts } from "./point-facts.ts";

/** Every file is read again when that was last done so long ago, in milliseconds, however sure its time and size look. */
const fullReadEvery = 7 * 24 * 3600 * 1000;

export interface Reuse {
  /** Whether a file may be taken from the point before where the repository is certain that it is unchanged. */
  readonly of: (path: string) => boolean;
  readonly fullReadAt: number;
}

/**
 * Whether files may go unread. The repository compares size, times of content and of the inode, and the inode's number, and takes no file
 * whose times are within a second of the previous start, or later. Here is the rest: the point before must be of the same cluster on the
 * same host and timeline (a failover or a restore puts other files under the same names), and not from the future. Files in which damaged
 * pages were found are read again, so that they are told of again.
 */
export function reuseOf(
  previous: PointWriter["previous"],
  now: {
    readonly systemIdentifier: string;
    readonly timeline: number;
    readonly at: number;
  },
): Reuse {
  const before = previous === undefined ? undefined : physicalFacts(previous.facts);
  const safe =
    previous !== undefined &&
    before !== undefined &&
    before.systemIdentifier === now.systemIdentifier &&
    before.timeline === now.timeline &&
    previous.startedAt < now.at &&
    previous.finishedAt <= now.at &&
    now.at - before.fullReadAt < fullReadEvery;
  if (!safe) return { of: () => false, fullReadAt: now.at };
  const damaged = new Set(before.pagesDamaged.map(({ path }) => path));
  return { of: (path) => !damaged.has(path), fullReadAt: before.fullReadAt };
}
