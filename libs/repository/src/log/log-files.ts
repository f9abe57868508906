import { MusterError } from "@muster/core";
import { openObject, sealObject } from "../encrypt/sealed-object.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import { conflict } from "./append-range.ts";
import { boundName, logsFolder } from "./names.ts";
import type { LogPlace } from "./read-range.ts";

/** Stores one sealed object of a log by its name; the same content again is accepted. Throws `log-conflict`. */
export async function putLogObject(
  place: LogPlace,
  name: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const { domain, source, identity } = place;
  const object = boundName(source, identity, name);
  const sealed = await sealObject(domain, "log", object, bytes);
  try {
    await domain.store.put(logsFolder(domain) + object, sealed, { signal });
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
    const there = await getLogObject(place, name, signal);
    if (!there.equals(bytes)) throw conflict(place, name);
  }
}

/** Throws `object-missing`, `repository-corrupt`. */
export function getLogObject(
  { domain, source, identity }: LogPlace,
  name: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  const object = boundName(source, identity, name);
  const key = logsFolder(domain) + object;
  return readHealthy(domain, key, async () =>
    openObject(domain, "log", object, await domain.store.get(key, { signal })),
  );
}
