import type { Restore } from "@muster/protocol/grpc";
import { type Detour, type Domain, type OpenCopiesOptions, openCopies } from "@muster/repository";
import { accessOf, granted, type OwnAccess, openGrant, storeOf } from "./grant.ts";

/** Opens what a restore reads from: the nearest copy, and the others where it fails. */
export function openNearest(
  { repository, copies }: Pick<Restore, "repository" | "copies">,
  own: OwnAccess,
  options: OpenCopiesOptions,
): Promise<Domain> {
  const first = granted(repository);
  if (copies.length === 0) return openGrant(first, own);
  const places = [first, ...copies].map((grant) => ({ name: grant.repository, open: () => storeOf(grant, own) }));
  return openCopies(places, accessOf(first), options);
}

/** Objects of one copy that are told by name; more are counted. */
const named = 3;

/** Collects what was read from another copy than the first, for the people who look at the step. */
export function detourLog(): { note(detour: Detour): void; notes(): string[] } {
  const byCopy = new Map<string, { readonly lines: string[]; more: number }>();
  return {
    note({ repository, object, error }) {
      const told = byCopy.get(repository) ?? { lines: [], more: 0 };
      byCopy.set(repository, told);
      if (told.lines.length < named) told.lines.push(`${object === "" ? "" : `${object}: `}${error.message}`);
      else told.more += 1;
    },
    notes: () =>
      [...byCopy].map(([repository, { lines, more }]) => {
        const rest = more === 0 ? "" : `; and ${more} more`;
        return `read from another copy, because the repository ${repository} failed: ${lines.join("; ")}${rest}`;
      }),
  };
}
