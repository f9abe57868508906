import { type Clock, MusterError } from "@muster/core";
import { openStreamingFileStore, type StreamingStore } from "@muster/object-store";
import { createUsage, type Quotas, type Usage } from "./usage.ts";

/** One repository that agents reach through the vault. */
export interface OpenVault {
  readonly store: StreamingStore;
  readonly usage: Usage;
}

export interface VaultRepositories {
  /** Opens it at the first use. Throws `not-found`, and `store-unavailable` while its folder is not there. */
  open(name: string): Promise<OpenVault>;
  /** Removes what crashes have left in those that are open. */
  tidy(): Promise<void>;
}

/** A body that is still to come after so long, in milliseconds, was cut off long before. */
const longestWrite = 2 * 3_600_000;

/** The repositories of these folders, by name; no other can be reached. */
export function createVaultRepositories(
  folders: Readonly<Record<string, string>>,
  quotas: Quotas,
  clock: Clock,
): VaultRepositories {
  const opened = new Map<string, Promise<OpenVault>>();
  const openFolder = async (folder: string): Promise<OpenVault> => {
    const store = await openStreamingFileStore(folder);
    await store.removeStaged(clock.now() - longestWrite);
    return { store, usage: createUsage(store, quotas) };
  };
  return {
    open(name) {
      const known = opened.get(name);
      if (known !== undefined) return known;
      const folder = Object.hasOwn(folders, name) ? folders[name] : undefined;
      if (folder === undefined) throw new MusterError("not-found", `the vault has no repository ${name}`);
      const opening = openFolder(folder);
      opened.set(name, opening);
      opening.catch(() => opened.delete(name));
      return opening;
    },
    async tidy() {
      for (const opening of opened.values()) {
        const { store } = await opening;
        await store.removeStaged(clock.now() - longestWrite);
      }
    },
  };
}
