export type VerifyLevel = "presence" | "read";

/** One of `slices` parts of all packs, from 0 on; a pack is always in the same one. */
export interface VerifySample {
  readonly slices: number;
  readonly slice: number;
}

export interface VerifyOptions {
  /** `presence`: every chunk that a point needs is in a pack that is there. `read`: everything is read and checked. */
  readonly level: VerifyLevel;
  /** With level `read`: of the packs only those of one slice of several are read, of the others it is seen that they are there. */
  readonly sample?: VerifySample | undefined;
  /** Only the point of this id. */
  readonly point?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly objects: number; readonly bytesRead: number }) => void) | undefined;
}

/** An object that is damaged or missing; once for each point that it hits, or once without a point. */
export interface Damage {
  /** The key of the object, or of the manifest whose content cannot be found. */
  readonly object: string;
  readonly message: string;
  readonly point?: string;
  /** Paths of that point that cannot be restored; left out when any path may be among them. */
  readonly entries?: readonly string[];
}

export interface VerifyReport {
  readonly level: VerifyLevel;
  /** Ids of the points that were looked at. */
  readonly points: readonly string[];
  /** Objects and bytes that were looked at. */
  readonly objects: number;
  readonly bytesRead: number;
  /** Empty when all is well. */
  readonly damage: readonly Damage[];
}
