import { MusterError } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";

const folder = "sweepers/";
/** Epochs that stay behind the newest. */
const keptEpochs = 50;

/** The turn of one sweeper. */
export interface Epoch {
  readonly number: number;
  /** The store's own time when the turn began, in milliseconds since the Unix epoch; it is later than that now. */
  readonly now: number;
  /** Throws `sweep-superseded` when a newer turn has begun. */
  requireCurrent(): Promise<void>;
}

/**
 * Begins a turn: the objects `sweepers/<number>` can each be made once, and the highest number is the one that counts. An
 * older sweeper stops at its next step; the step at which it is then can do no harm, since each mark has one verdict.
 */
export async function beginEpoch(store: DeletableStore): Promise<Epoch> {
  const numbers = await listEpochs(store);
  let number = (numbers.at(-1) ?? 0) + 1;
  while (!(await make(store, number))) number += 1;
  const found = await store.head(keyOf(number));
  if (found === undefined) throw superseded(number);
  for (const old of numbers) {
    if (old < number - keptEpochs) await store.delete(keyOf(old)).catch(() => undefined); // of no use, and small
  }
  return {
    number,
    now: found.modified,
    async requireCurrent() {
      // Old epochs go in their order, so that one whose own object is gone has one after it, or had.
      const next = await store.head(keyOf(number + 1));
      if (next !== undefined || (await store.head(keyOf(number))) === undefined) throw superseded(number);
    },
  };
}

async function listEpochs(store: DeletableStore): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { key } of store.list(folder)) {
    const [, digits] = /^(\d{8})$/.exec(key.slice(folder.length)) ?? [];
    if (digits !== undefined) numbers.push(Number(digits));
  }
  return numbers.sort((a, b) => a - b);
}

async function make(store: DeletableStore, number: number): Promise<boolean> {
  try {
    await store.put(keyOf(number), Buffer.from(`${number}\n`));
    return true;
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-exists") return false;
    throw thrown;
  }
}

function keyOf(number: number): string {
  return folder + String(number).padStart(8, "0");
}

function superseded(number: number): MusterError {
  return new MusterError("sweep-superseded", `sweep ${number} stops: a newer one has begun`, { details: { number } });
}
