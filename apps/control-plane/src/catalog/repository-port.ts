import { MusterError } from "@muster/core";
import type { VerifySample } from "@muster/repository";
import type { Repositories } from "../context.ts";

/** What a manifest says of a point; times in milliseconds since the epoch. */
export interface ListedPoint {
  readonly id: string;
  readonly source: string;
  /** The type of its source: `postgres`, `redis`, `files` or `command`. */
  readonly kind: string;
  readonly host: string;
  readonly startedAt: number;
  /** The moment that the point restores to. */
  readonly takenAt: number;
  readonly finishedAt: number;
  readonly logicalBytes: number;
  readonly storedBytes: number;
  readonly entries: number;
  readonly facts: Readonly<Record<string, unknown>>;
}

export type VerifyLevel = "presence" | "read";

/** What a verification of one service's points found. */
export interface DomainReport {
  /** Ids of the points that were looked at. */
  readonly points: readonly string[];
  readonly bytesRead: number;
  readonly damage: readonly {
    readonly point?: string | undefined;
    readonly object: string;
    readonly message: string;
  }[];
}

/** What the catalog needs of a repository. A list that fails throws; it is never taken for "empty". */
export interface CatalogRepository {
  readonly id: string;
  /** Bytes that can still be written, where the store knows it. */
  freeSpace(): Promise<number | undefined>;
  /** The services that have points there. */
  domains(): AsyncIterable<string>;
  domain(service: string): {
    listPoints(options: {
      signal: AbortSignal;
      onDamaged?: ((object: string, error: MusterError) => void) | undefined;
    }): Promise<readonly ListedPoint[]>;
    verify(options: {
      level: VerifyLevel;
      sample?: VerifySample | undefined;
      signal: AbortSignal;
    }): Promise<DomainReport>;
  };
}

/** Opens a repository of this control plane's configuration by name. Throws `not-found` with the names that there are. */
export async function openRepository(repositories: Repositories, name: string): Promise<CatalogRepository> {
  const names = repositories.names();
  if (!names.includes(name)) {
    throw new MusterError("not-found", `there is no repository ${name}`, {
      hint: `Known: ${names.join(", ") || "none"}`,
    });
  }
  return repositories.open(name);
}
