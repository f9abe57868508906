import { createFileStore, type DeletableStore, openDeletableFileStore } from "@muster/object-store";
import { copyPoints } from "../copy/copy-points.ts";
import { initCopy } from "../copy/init-copy.ts";
import { healDomain } from "../heal/heal.ts";
import type { DomainSweep } from "../sweep/types.ts";
import type { DomainGrant } from "../types.ts";
import { backUp, grantedDomain } from "./sample.ts";
import { sweepOnce } from "./sweep-site.ts";

/** Work on a repository in a directory, which a test ends at one of its writes. */
export interface Work {
  readonly kind: "backup" | "sweep" | "copy" | "heal";
  /** The repository that is worked on. */
  readonly path: string;
  /** Another with the same points: what is copied, or healed from. */
  readonly other: string;
  readonly grant: DomainGrant;
  /** The id of the point that a backup makes. */
  readonly pointId: string;
  /** Ids of the points that a sweep deletes. */
  readonly expired: readonly string[];
  readonly scratch: string;
}

/** A process that is killed just before, or just after, one of its writes (put or delete), counted from 1. */
export interface Killed {
  readonly work: Work;
  readonly write: number;
  readonly moment: "before" | "after";
}

/** What `backUp` of the work stores; the second file is needed by other points too. */
export const backedUp = { own: Buffer.alloc(70_000, "new"), shared: Buffer.alloc(50_000, "b") };

type Through = (store: DeletableStore) => DeletableStore;

/** Does the work to its end, with every store seen `through` something. */
export async function doWork(work: Work, through: Through = (store) => store): Promise<void> {
  const { kind, path, other, grant, pointId } = work;
  await createFileStore(path);
  const store = through(await openDeletableFileStore(path));
  switch (kind) {
    case "backup":
      await backUp(grantedDomain(store, grant), backedUp, { pointId });
      return;
    case "sweep":
      return sweepToEnd(store, work);
    case "copy": {
      const from = await openDeletableFileStore(other);
      await initCopy(from, store);
      await copyPoints(from, store, grant, { holder: "test" });
      return;
    }
    case "heal": {
      const copies = [{ name: "other", store: await openDeletableFileStore(other) }];
      await healDomain(store, copies, grant, { holder: "test", missingPoints: ["lost"] });
      return;
    }
    default:
      return kind satisfies never;
  }
}

/** Sweeps until a sweep finds nothing to do; each takes longer than the grace. */
async function sweepToEnd(store: DeletableStore, work: Work): Promise<void> {
  for (let quiet = 0, sweeps = 0; quiet < 2; sweeps++) {
    if (sweeps > 100) throw new Error("the sweeps come to no end");
    const [swept] = (await sweepOnce(store, work)).domains;
    quiet = swept !== undefined && isQuiet(swept) ? quiet + 1 : 0;
  }
}

function isQuiet({ points, marked, waiting, deleted, indexes }: DomainSweep): boolean {
  return points.length + marked.packs + waiting.packs + deleted.packs + indexes.written + indexes.deleted === 0;
}
