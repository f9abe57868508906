import { readFileSync } from "node:fs";
import type { Settings } from "../settings.ts";
import { awaitPostgres, preparePostgres, startPostgres, stopPostgres } from "./postgres.ts";
import { startRedis, stopRedis } from "./redis.ts";
import { checkShop, startShop, stopShop } from "./shop.ts";

/** The actions that the hosts' agents may run: `node act.ts <settings.json> <action>`. Each may be repeated. */
const actions: Readonly<Record<string, (settings: Settings) => Promise<void>>> = {
  "prepare-postgres": preparePostgres,
  "start-postgres": async (settings) => {
    await startPostgres(settings);
    await awaitPostgres(settings);
  },
  "stop-postgres": stopPostgres,
  "start-redis": startRedis,
  "stop-redis": stopRedis,
  "start-shop": startShop,
  "stop-shop": stopShop,
  "check-shop": checkShop,
};

const [settingsFile = "", name = ""] = process.argv.slice(2);
const action = actions[name];
if (action === undefined) throw new Error(`no action "${name}"; there are: ${Object.keys(actions).join(", ")}`);
// Written by the demo itself a moment ago, in the shape of Settings.
await action(JSON.parse(readFileSync(settingsFile, "utf8")) as Settings);
