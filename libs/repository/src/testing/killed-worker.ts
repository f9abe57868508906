import type { DeletableStore } from "@muster/object-store";
import { doWork, type Killed } from "./killed-work.ts";

/*
 * A process that gets work over IPC and kills itself at one of its writes. When there are fewer writes it ends by itself, with 0.
 */

function dyingStore(store: DeletableStore, { write, moment }: Killed): DeletableStore {
  let writes = 0;
  const counted = async (work: () => Promise<void>): Promise<void> => {
    writes += 1;
    const isLast = writes === write;
    if (isLast && moment === "before") process.kill(process.pid, "SIGKILL");
    await work();
    if (isLast && moment === "after") process.kill(process.pid, "SIGKILL");
  };
  return {
    ...store,
    put: (key, bytes, options) => counted(() => store.put(key, bytes, options)),
    delete: (key, options) => counted(() => store.delete(key, options)),
  };
}

process.once("message", async (message) => {
  const killed = message as Killed; // from every-write.test.ts
  await doWork(killed.work, (store) => dyingStore(store, killed));
  process.disconnect();
});
