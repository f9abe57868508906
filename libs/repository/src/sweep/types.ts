/** What only the catalog knows: which points may go. */
export interface SweepRules {
  /** Ids of the points of a domain that may be deleted, each with the reason; none that is held. */
  expired(domain: string): Promise<ReadonlyMap<string, string>>;
  /**
   * Asked when the grace is over: which of these may go for good. What it answers cannot be taken back, so a hold must be
   * refused from then on.
   */
  release(domain: string, points: readonly string[]): Promise<ReadonlySet<string>>;
  /** Told which points are gone; more than once, after a crash. */
  deleted(domain: string, points: readonly string[]): Promise<void>;
}

export interface SweepOptions {
  readonly rules: SweepRules;
  /** Milliseconds from a mark to its verdict, by the store's clock. Longer than any list of the store can lag, twice. */
  readonly grace: number;
  /** A folder for temporary files, which exists: some 80 bytes for each chunk of the largest domain. */
  readonly scratch: string;
  /** Only says what would be done; writes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Packs of which less than this share is needed are written anew without the rest; 0.3 when left out, 0 for never. */
  readonly repackBelow?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onDomain?: ((domain: string) => void) | undefined;
}

export interface PointFate {
  readonly id: string;
  /** `waits`: marked, and its grace is not over. `locked`: the store keeps it for now. */
  readonly fate: "marked" | "waits" | "deleted" | "kept" | "locked";
  readonly reason: string;
}

/** Some packs and their bytes in the store. */
export interface PackCount {
  packs: number;
  bytes: number;
}

/** What a sweep found and did in a domain. In a dry run: what it would do, were every grace over. */
export interface DomainSweep {
  readonly domain: string;
  readonly points: PointFate[];
  /** All that is stored, and plain bytes of chunks that points need. */
  stored: PackCount;
  neededBytes: number;
  chunks: number;
  /** Needed by nobody, and marked now. */
  readonly marked: PackCount;
  /** Marked before, and not to be deleted yet. */
  readonly waiting: PackCount;
  readonly deleted: PackCount;
  /** Marked before, and needed again. */
  readonly kept: PackCount;
  /** Left where most of a pack was needed by nobody: what of it is needed was written anew. */
  readonly repacked: PackCount;
  readonly indexes: { written: number; deleted: number };
  /** Keys of objects that the store keeps for now. */
  readonly locked: string[];
  /** Why something was not done, for people. */
  readonly notes: string[];
}

export interface SweepReport {
  /** 0 in a dry run. */
  readonly epoch: number;
  readonly dryRun: boolean;
  readonly domains: readonly DomainSweep[];
}

export function emptySweep(domain: string): DomainSweep {
  const none = (): PackCount => ({ packs: 0, bytes: 0 });
  return {
    domain,
    points: [],
    stored: none(),
    neededBytes: 0,
    chunks: 0,
    marked: none(),
    waiting: none(),
    deleted: none(),
    kept: none(),
    repacked: none(),
    indexes: { written: 0, deleted: 0 },
    locked: [],
    notes: [],
  };
}
