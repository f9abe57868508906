import type { Tx } from "../context.ts";
import { copiesOf } from "./store.ts";

/** Repositories that have a point too; those in which it is damaged come last, since the rest of it may be of use. */
export async function otherPlaces(
  tx: Tx,
  { pointId, repository }: { readonly pointId: string; readonly repository: string },
): Promise<string[]> {
  const copies = ((await copiesOf(tx, [pointId])).get(pointId) ?? []).filter((copy) => copy.repository !== repository);
  return copies.toSorted((a, b) => Number(a.damaged) - Number(b.damaged)).map((copy) => copy.repository);
}
