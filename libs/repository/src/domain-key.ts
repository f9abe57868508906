import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import type { DomainContext } from "./context.ts";
import { decodeName, encodeName } from "./encoding/name.ts";
import { openObject, sealObject } from "./encrypt/sealed-object.ts";
import { readHealthy } from "./heal/read-healthy.ts";

const folder = "domains/";

/** The key of the object that says that a domain exists. */
export function markerKey(name: string): string {
  return folder + encodeName(name);
}

/** The names of all domains that were written to. Throws when the list fails. */
export async function* listDomains(store: ObjectStore): AsyncGenerator<string> {
  for await (const { key } of store.list(folder)) yield decodeName(key.slice(folder.length));
}

/**
 * Throws `repository-key-wrong` when the domain exists under another key: nothing may be added that its owner could
 * not read.
 */
export async function checkDomainKey(context: DomainContext): Promise<"new" | "known"> {
  const key = markerKey(context.name);
  if ((await context.store.head(key)) === undefined) return "new";
  try {
    await readHealthy(context, key, async () =>
      openObject(context, "domain", context.name, await context.store.get(key)),
    );
    return "known";
  } catch (cause) {
    if (!(cause instanceof MusterError) || cause.code !== "repository-corrupt") throw cause;
    throw new MusterError("repository-key-wrong", `the key does not open ${key}, the mark of its domain`, {
      cause,
      hint: "The grant is for another domain, or that object is damaged: verify the repository.",
    });
  }
}

/** Makes the domain exist under this key. Throws `repository-key-wrong`. */
export async function claimDomain(context: DomainContext, signal?: AbortSignal): Promise<void> {
  if ((await checkDomainKey(context)) === "known") return;
  const marker = await sealObject(context, "domain", context.name, Buffer.from(context.name));
  try {
    await context.store.put(markerKey(context.name), marker, { signal });
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
    await checkDomainKey(context); // somebody else began at the same time
  }
}
