import { setImmediate as turn } from "node:timers/promises";
import { MusterError, type Timer } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import type { Random } from "../random.ts";
import { type Call, type Fault, waitingStore } from "./calls.ts";
import { type PerSite, perSite } from "./sites.ts";
import { modelTimers } from "./timers.ts";

/** A process of the model: its calls of the stores wait until the scheduler lets them through, one by one. */
export interface Actor {
  readonly name: string;
  readonly stores: PerSite<DeletableStore>;
  readonly timer: Timer;
  /** So many acts of the model none of its calls is let through, whatever the time is then. */
  sleeps: number;
  /** Calls of it that failed though nothing was wrong with them. */
  faults: number;
  readonly ended: () => boolean;
}

export interface Scheduler {
  /** Starts a process. An error that is no MusterError is a failure of the model. */
  start(name: string, work: (self: Actor) => Promise<void>): Promise<Actor>;
  readonly actors: readonly Actor[];
  /** Lets one call through, of one process that is awake; returns which, undefined when there is none. */
  step(options: { readonly faults: boolean }): Promise<Actor | undefined>;
  /** Has one timer go off that is due, of a process that is awake. */
  tick(): Promise<void>;
  /** Kills a process: calls on their way may arrive now, later or never. */
  kill(actor: Actor): void;
  /** Lets a call of a dead process arrive; false when there is none. */
  arriveLate(): Promise<boolean>;
  readonly trace: string[];
  /** How often processes of each kind ended well, or failed with which code: "backup: lease-lost". */
  readonly endings: Map<string, number>;
}

export function scheduler(servers: PerSite<DeletableStore>, now: () => number, random: Random): Scheduler {
  const actors: Actor[] = [];
  const trace: string[] = [];
  const endings = new Map<string, number>();
  const timers = modelTimers<Actor>(now);
  let waiting: Call<Actor>[] = [];
  let late: Call<Actor>[] = [];
  let current: Actor | undefined;
  let crash: unknown;

  /** Lets whoever was woken run until it calls a store again, or ends. */
  const settle = async (actor: Actor): Promise<void> => {
    for (let turns = 0; turns < 4; turns++) await turn();
    while (!actor.ended() && actors.includes(actor) && !waiting.some((call) => call.actor === actor)) await turn();
    if (crash !== undefined) throw crash;
  };
  const pick = <T>(items: readonly T[]): T | undefined => items[items.length === 0 ? 0 : random.below(items.length)];
  const awake = (): Actor[] => actors.filter(({ sleeps }) => sleeps === 0);
  const note = (actor: Actor, outcome: string): void => {
    const kind = actor.name.replace(/ .*/, "");
    endings.set(`${kind}: ${outcome}`, 1 + (endings.get(`${kind}: ${outcome}`) ?? 0));
    trace.push(`${actor.name} ended: ${outcome}`);
  };
  return {
    actors,
    trace,
    endings,
    async start(name, work) {
      let ended = false;
      const actor: Actor = {
        name,
        stores: perSite((site) =>
          waitingStore(
            servers[site],
            site,
            () => actor,
            (call) => waiting.push(call),
          ),
        ),
        timer: timers.of(() => actor),
        ...{ sleeps: 0, faults: 0 },
        ended: () => ended,
      };
      actors.push(actor);
      trace.push(`${name} begins`);
      work(actor)
        .then(
          () => note(actor, "done"),
          (error: unknown) => {
            if (!(error instanceof MusterError)) crash = error;
            note(actor, error instanceof MusterError ? error.code : String(error));
          },
        )
        .finally(() => {
          ended = true;
          actors.splice(actors.indexOf(actor), 1);
        });
      await settle(actor);
      return actor;
    },
    async step({ faults }) {
      for (const one of actors) if (one.sleeps > 0) one.sleeps -= 1;
      const ready = awake().filter((one) => waiting.some((call) => call.actor === one));
      // Mostly the same one goes on, so that one is often done while another stands somewhere in the middle.
      const actor = current !== undefined && ready.includes(current) && random.below(12) > 0 ? current : pick(ready);
      current = actor;
      const call = pick(waiting.filter((one) => one.actor === actor));
      if (actor === undefined || call === undefined) return undefined;
      waiting = waiting.filter((one) => one !== call);
      const fault = faults ? faultOf(call, random) : undefined;
      if (fault !== undefined) actor.faults += 1;
      trace.push(`${now()} ${actor.name}: ${call.text}${fault === undefined ? "" : ` (${fault})`}`);
      await call.arrive(true, fault);
      await settle(actor);
      return actor;
    },
    async tick() {
      const due = pick(timers.due(awake()));
      if (due === undefined) return;
      trace.push(`${now()} ${due.actor.name}: its timer goes off`);
      due.goOff();
      await settle(due.actor);
    },
    kill(actor) {
      trace.push(`${actor.name} is killed`);
      const own = waiting.filter((call) => call.actor === actor);
      waiting = waiting.filter((call) => call.actor !== actor);
      late.push(...own.filter(({ writes }) => writes && random.below(2) === 0));
      timers.drop(actor);
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

/** One call in a hundred fails before it arrives, and one in a hundred that write does so after it. */
function faultOf({ writes }: Call<Actor>, random: Random): Fault | undefined {
  const dice = random.below(100);
  return dice === 0 ? "refused" : dice === 1 && writes ? "unanswered" : undefined;
}
