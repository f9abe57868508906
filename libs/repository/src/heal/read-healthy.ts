import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";

/**
 * Reads an object and makes something of it; when what was read is damaged, the same from another place that has the object. Throws what
 * `read` throws when no place has it whole.
 */
export async function readHealthy<T>(
  { places }: Pick<DomainContext, "places">,
  key: string,
  read: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const place = places.current(key);
    try {
      return await read();
    } catch (thrown) {
      if (!(thrown instanceof MusterError) || thrown.code !== "repository-corrupt") throw thrown;
      if (!(await places.giveUp(key, place, thrown))) throw thrown;
    }
  }
}
