import type { ObjectStore } from "@muster/object-store";
import { objectStoreContract } from "@muster/object-store/testing";
import { afterAll, beforeAll } from "vitest";
import { startVaultSite, type VaultSite } from "./testing/vault-site.ts";

let site: VaultSite;
let count = 0;
const domain = (n: number) => `service-${n}`;
const services = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [domain(n), "db-1"]));
let store: ObjectStore;
beforeAll(async () => {
  site = await startVaultSite(services);
  store = await site.open(await site.enrol("db-1"));
});
afterAll(() => site.stop());

/** An agent reaches its services only: an empty store is the folder of one more of them. */
objectStoreContract("the vault with an agent's certificate", async () => below(store, `${domain(count++)}/packs/`));

function below(whole: ObjectStore, folder: string): ObjectStore {
  return {
    description: whole.description,
    put: (key, bytes, options) => whole.put(folder + key, bytes, options),
    get: (key, options) => whole.get(folder + key, options),
    head: (key, options) => whole.head(folder + key, options),
    async *list(prefix, options) {
      for await (const found of whole.list(folder + prefix, options)) {
        yield { ...found, key: found.key.slice(folder.length) };
      }
    },
  };
}
