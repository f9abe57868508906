/** Something that is wrong, or risky, at a place in a plan. */
export interface Finding {
  /** Stable: people suppress and search by it. */
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  /** What is wrong, with the arithmetic. */
  readonly message: string;
  /** What would mend it. */
  readonly hint: string;
  readonly file?: string | undefined;
  /** Both count from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** `services.orders-db.tier`. */
  readonly path?: string | undefined;
}

export type PlanPath = readonly (string | number)[];

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where a path of the plan stands in its file; undefined when it does not. */
export type Locate = (path: PlanPath) => Place | undefined;

/** What a rule says, before it gets its place. */
export interface Remark {
  readonly code: string;
  readonly severity: Finding["severity"];
  readonly path: PlanPath;
  readonly message: string;
  readonly hint: string;
}

/** Gives a remark its place: that of the path, or of the nearest parent that is in the file. */
export function placed(remark: Remark, locate: Locate): Finding {
  const { path, ...rest } = remark;
  const text = path.join(".");
  for (let length = path.length; length >= 0; length--) {
    const place = locate(path.slice(0, length));
    if (place !== undefined) return { ...rest, ...place, path: text };
  }
  return { ...rest, path: text };
}
