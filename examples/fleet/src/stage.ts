import type { Customer } from "./customer/customer.ts";
import { endProcesses, type Folder } from "./folder.ts";
import { stopPostgres } from "./host/postgres.ts";
import { stopRedis } from "./host/redis.ts";
import { stopShop } from "./host/shop.ts";
import type { Started } from "./processes.ts";
import { line } from "./report.ts";
import type { Settings } from "./settings.ts";

/** What runs and has to be stopped at the end, whatever happens. */
export interface Stage {
  readonly folder: Folder;
  readonly settings: Settings;
  readonly started: Started[];
  customer?: Customer;
}

/** Ends everything, and what cannot be ended in its own way keeps nobody from ending the rest. */
export async function stopEverything({ folder, settings, started, customer }: Stage): Promise<void> {
  const steps = [
    () => customer?.stop(),
    ...[...started].reverse().map((process) => () => process.stop()),
    () => stopShop(settings),
    () => stopRedis(settings),
    () => stopPostgres(settings),
    () => endProcesses(folder.path), // started by somebody who was interrupted before he could tell
  ];
  for (const stop of steps) await stop()?.catch((error: unknown) => line(`  at the end: ${String(error)}`));
}

/** The first request to end; a second one ends the demo at once. */
export function firstSignal(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve("interrupted"));
  });
}
