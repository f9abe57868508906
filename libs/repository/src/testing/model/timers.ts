import type { Timer } from "@muster/core";

interface Running<Actor> {
  readonly actor: Actor;
  readonly every: number;
  readonly act: () => void;
  next: number;
}

/** Timers by simulated time. One that should have gone off several times while its process slept goes off once. */
export interface ModelTimers<Actor> {
  of(actor: () => Actor): Timer;
  /** What should go off by now, of these processes. */
  due(actors: readonly Actor[]): readonly { readonly actor: Actor; goOff(): void }[];
  /** The process is dead. */
  drop(actor: Actor): void;
}

export function modelTimers<Actor>(now: () => number): ModelTimers<Actor> {
  const running = new Set<Running<Actor>>();
  return {
    of: (actor) => ({
      every(milliseconds, act) {
        const one = { actor: actor(), every: milliseconds, act, next: now() + milliseconds };
        running.add(one);
        return () => void running.delete(one);
      },
    }),
    due: (actors) =>
      [...running]
        .filter(({ actor, next }) => next <= now() && actors.includes(actor))
        .map((one) => ({
          actor: one.actor,
          goOff() {
            one.next = now() + one.every;
            one.act();
          },
        })),
    drop(actor) {
      for (const one of [...running]) if (one.actor === actor) running.delete(one);
    },
  };
}
