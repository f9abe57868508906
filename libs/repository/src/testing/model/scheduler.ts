import { setImmediate as turn } from "node:timers/promises";
import { MusterError } from "@muster/core";
import type { DeletableStore, ObjectInfo } from "@muster/object-store";
import type { Random } from "../random.ts";

/** A process of the model: its calls of the store wait until the scheduler lets them through, one by one. */
export interface Actor {
  readonly name: string;
  readonly store: DeletableStore;
  /** So many acts of the model none of its calls is let through, whatever the time is then. */
  sleeps: number;
  readonly ended: () => boolean;
}

interface Call {
  readonly actor: Actor;
  readonly text: string;
  /** It changes the store, so it may arrive although its process is dead. */
  readonly writes: boolean;
  /** Carries it out; undefined: the process is dead and hears nothing. */
  arrive(answer: boolean, fault: Fault | undefined): Promise<void>;
}

type Fault = "refused" | "unanswered";

export interface Scheduler {
  /** Starts a process; it is given a store. An error that is no MusterError is a failure of the model. */
  start(name: string, work: (store: DeletableStore) => Promise<void>): Promise<Actor>;
  readonly actors: readonly Actor[];
  /** Lets one call through, of one process that is awake; returns which, undefined when there is none. */
  step(options: { readonly faults: boolean }): Promise<Actor | undefined>;
  /** Kills a process: calls on their way may arrive now, later or never. */
  kill(actor: Actor): void;
  /** Lets a call of a dead process arrive; false when there is none. */
  arriveLate(): Promise<boolean>;
  readonly trace: string[];
}

export function scheduler(server: DeletableStore, now: () => number, random: Random): Scheduler {
  const actors: Actor[] = [];
  const trace: string[] = [];
  let waiting: Call[] = [];
  let late: Call[] = [];
  let current: Actor | undefined;
  let crash: unknown;

  /** Lets whoever was woken run until it calls the store again, or ends. */
  const settle = async (actor: Actor): Promise<void> => {
    for (let turns = 0; turns < 4; turns++) await turn();
    while (!actor.ended() && actors.includes(actor) && !waiting.some((call) => call.actor === actor)) await turn();
    if (crash !== undefined) throw crash;
  };
  const storeOf = (actor: () => Actor): DeletableStore => {
    const wait = <T>(text: string, writes: boolean, work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        waiting.push({
          ...{ actor: actor(), text, writes },
          async arrive(answer, fault) {
            if (fault === "refused") return reject(unavailable(text));
            const outcome = await work().then(
              (value) => () => resolve(value),
              (error: unknown) => () => reject(error),
            );
            if (!answer) return;
            if (fault === "unanswered") reject(unavailable(text));
            else outcome();
          },
        });
      });
    return {
      description: "a simulated store",
      put: (key, bytes) => wait(`put ${key}`, true, () => server.put(key, bytes)),
      get: (key, options) => wait(`get ${key}`, false, () => server.get(key, options)),
      head: (key) => wait(`head ${key}`, false, () => server.head(key)),
      delete: (key) => wait(`delete ${key}`, true, () => server.delete(key)),
      async *list(prefix): AsyncGenerator<ObjectInfo> {
        yield* await wait(`list ${prefix}`, false, async () => {
          const all: ObjectInfo[] = [];
          for await (const info of server.list(prefix)) all.push(info);
          return all;
        });
      },
    };
  };
  const pick = <T>(items: readonly T[]): T | undefined => items[items.length === 0 ? 0 : random.below(items.length)];
  return {
    actors,
    trace,
    async start(name, work) {
      let ended = false;
      const actor: Actor = { name, store: storeOf(() => actor), sleeps: 0, ended: () => ended };
      actors.push(actor);
      trace.push(`${name} begins`);
      work(actor.store)
        .catch((error: unknown) => {
          if (!(error instanceof MusterError)) crash = error;
          trace.push(`${name} failed: ${error instanceof MusterError ? error.code : String(error)}`);
        })
        .finally(() => {
          ended = true;
          actors.splice(actors.indexOf(actor), 1);
        });
      await settle(actor);
      return actor;
    },
    async step({ faults }) {
      for (const one of actors) if (one.sleeps > 0) one.sleeps -= 1;
      const awake = actors.filter(({ sleeps }) => sleeps === 0);
      const ready = awake.filter((one) => waiting.some((call) => call.actor === one));
      // Mostly the same one goes on, so that one is often done while another stands somewhere in the middle.
      const actor = current !== undefined && ready.includes(current) && random.below(12) > 0 ? current : pick(ready);
      current = actor;
      const call = pick(waiting.filter((one) => one.actor === actor));
      if (actor === undefined || call === undefined) return undefined;
      waiting = waiting.filter((one) => one !== call);
      const dice = faults ? random.below(100) : 99;
      const fault = dice === 0 ? "refused" : dice === 1 && call.writes ? "unanswered" : undefined;
      trace.push(`${now()} ${actor.name}: ${call.text}${fault === undefined ? "" : ` (${fault})`}`);
      await call.arrive(true, fault);
      await settle(actor);
      return actor;
    },
    kill(actor) {
      trace.push(`${actor.name} is killed`);
      const own = waiting.filter((call) => call.actor === actor);
      waiting = waiting.filter((call) => call.actor !== actor);
      late.push(...own.filter(({ writes }) => writes && random.below(2) === 0));
      actors.splice(actors.indexOf(actor), 1);
    },
    async arriveLate() {
      const call = pick(late);
      if (call === undefined) return false;
      late = late.filter((one) => one !== call);
      trace.push(`${now()} ${call.actor.name}, dead: ${call.text}`);
      await call.arrive(false, undefined);
      return true;
    },
  };
}

function unavailable(text: string): MusterError {
  return new MusterError("store-unavailable", `${text}: a fault of the model`);
}
