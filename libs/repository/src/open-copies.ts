import { asMusterError, MusterError, sleep } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { copiesContext } from "./context.ts";
import { checkDomainKey } from "./domain-key.ts";
import type { Copies, Detour, NamedStore } from "./heal/places.ts";
import { type DomainAccess, domainKeyBytes, domainOf } from "./open-domain.ts";
import { readRepositoryFile } from "./repository-file.ts";
import type { Domain } from "./types.ts";

/** A copy that can be opened. */
export interface CopyPlace {
  readonly name: string;
  open(): Promise<ObjectStore>;
}

export interface OpenCopiesOptions {
  /** Milliseconds after which a copy that does not answer is left out. */
  readonly patience?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each copy, and each object of a copy, in whose place another one is used. */
  readonly onDetour?: ((detour: Detour) => void) | undefined;
}

/** Answers that come this much later (milliseconds) make a copy count as farther away. */
const nearness = 100;

/**
 * Opens a domain of which there are several copies, to read it: from the one that answers first, or of those that answer about as
 * fast, the one given first; and from another one, object by object, where that fails. Throws what the first copy threw when none
 * opens, and `repository-key-wrong`.
 */
export async function openCopies(
  places: readonly CopyPlace[],
  access: DomainAccess,
  { patience = 15_000, signal, onDetour = () => undefined }: OpenCopiesOptions = {},
): Promise<Domain> {
  const tried = await Promise.all(places.map((place) => tryCopy(place, access, patience, signal)));
  const failures = tried.flatMap((copy) => ("error" in copy ? [copy] : []));
  const usable = tried.flatMap((copy) => ("store" in copy ? [copy] : []));
  const [first, ...others] = usable.sort((a, b) => Math.floor(a.took / nearness) - Math.floor(b.took / nearness));
  if (first === undefined) {
    throw failures[0]?.error ?? new MusterError("repository-missing", "no repository is given to read from");
  }
  for (const { name, error } of failures) onDetour({ repository: name, object: "", error });
  const copies: Copies = [first, ...others];
  const { repositoryId, domain: name } = access;
  const context = copiesContext(copies, { repositoryId, name, domainKey: domainKeyBytes(access) }, onDetour);
  await checkDomainKey(context);
  return domainOf(context);
}

type Tried = (NamedStore & { readonly took: number }) | { readonly name: string; readonly error: MusterError };

async function tryCopy(
  { name, open }: CopyPlace,
  { repositoryId }: DomainAccess,
  patience: number,
  signal: AbortSignal | undefined,
): Promise<Tried> {
  const started = performance.now();
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    const store = await Promise.race([openAndCheck(open, repositoryId), tooLate(name, patience, stop)]);
    return { name, store, took: performance.now() - started };
  } catch (thrown) {
    return { name, error: asMusterError(thrown) };
  } finally {
    over.abort();
  }
}

async function openAndCheck(open: () => Promise<ObjectStore>, repositoryId: string): Promise<ObjectStore> {
  const store = await open();
  const { id } = await readRepositoryFile(store);
  if (id === repositoryId) return store;
  throw new MusterError("repository-key-wrong", `${store.description} holds repository ${id}, not ${repositoryId}`);
}

async function tooLate(name: string, patience: number, signal: AbortSignal): Promise<never> {
  await sleep(patience, signal);
  throw new MusterError("store-unavailable", `the repository ${name} did not answer within ${patience} ms`);
}
