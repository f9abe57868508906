import { asMusterError, type Logger } from "@muster/core";
import { openStore } from "@muster/object-store";
import { initCopy } from "@muster/repository";
import type { Config } from "../config.ts";

/** Brings the keys that were added to a repository to its copies, so that one key file goes on opening all of them. */
export async function bringKeysToCopies(config: Pick<Config, "repositories">, log: Logger): Promise<void> {
  for (const [name, place] of Object.entries(config.repositories)) {
    const original = place.copyOf === undefined ? undefined : config.repositories[place.copyOf];
    if (original === undefined) continue;
    try {
      await initCopy(await openStore(original.url, original), await openStore(place.url, place));
    } catch (thrown) {
      // The next time may do; the copy has the keys that it had.
      log.warn({ err: asMusterError(thrown), repository: name }, "keys could not be brought to this copy");
    }
  }
}
