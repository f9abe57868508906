import { MusterError } from "@muster/core";
import type { DeletableStore, ObjectInfo } from "@muster/object-store";

/** A call of a store that has not arrived yet. */
export interface Call<Actor> {
  readonly actor: Actor;
  readonly text: string;
  /** It changes the store, so it may arrive although its process is dead. */
  readonly writes: boolean;
  /** Carries it out; without `answer` the process is dead and hears nothing. */
  arrive(answer: boolean, fault: Fault | undefined): Promise<void>;
}

/** Before it was carried out, or afterwards. */
export type Fault = "refused" | "unanswered";

/** A server as a process sees it: every call is handed to `send` and waits there. */
export function waitingStore<Actor>(
  server: DeletableStore,
  site: string,
  actor: () => Actor,
  send: (call: Call<Actor>) => void,
): DeletableStore {
  const wait = <T>(what: string, writes: boolean, work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const text = `${site}: ${what}`;
      send({
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
    description: `the simulated store ${site}`,
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
}

function unavailable(text: string): MusterError {
  return new MusterError("store-unavailable", `${text}: a fault of the model`);
}
