import { seededRandom } from "../random.ts";

/** How often each process is begun, in a thousand acts. */
export interface Cast {
  readonly backup: number;
  readonly sweepMain: number;
  readonly sweepCopy: number;
  readonly copy: number;
  readonly restore: number;
}

/** Everybody at once, and some who then meet much more often. */
export const casts = {
  all: { backup: 20, sweepMain: 26, sweepCopy: 12, copy: 12, restore: 10 },
  backups: { backup: 30, sweepMain: 36, sweepCopy: 0, copy: 0, restore: 0 },
  copies: { backup: 16, sweepMain: 16, sweepCopy: 30, copy: 26, restore: 0 },
  restores: { backup: 20, sweepMain: 36, sweepCopy: 0, copy: 0, restore: 30 },
} as const satisfies Record<string, Cast>;

/** What kind of world it is. */
export interface Temper {
  readonly cast: keyof typeof casts;
  /** Disks fail in it. */
  readonly damaging: boolean;
  /** Hardly any time passes in it, so that lists lag all the time. */
  readonly hurried: boolean;
}

export function temperOf(seed: number): Temper {
  const random = seededRandom(seed ^ 0x7e3);
  const cast = (["all", "all", "backups", "copies", "restores"] as const)[random.below(5)] ?? "all";
  return { cast, damaging: random.below(3) === 0, hurried: random.below(4) === 0 };
}
