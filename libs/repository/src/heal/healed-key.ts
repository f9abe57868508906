import { randomBytes } from "node:crypto";

/** The folder of a domain with objects that stand in for damaged or missing ones. */
export function healedFolder(prefix: string): string {
  return `${prefix}healed/`;
}

/** Whether the object of that key can have others that stand in for it: packs, indexes, manifests, logs, the domain's mark. */
export function canBeHealed(prefix: string, key: string): boolean {
  return (
    ["packs/", "index/", "points/", "logs/"].some((folder) => key.startsWith(prefix + folder)) || isMark(prefix, key)
  );
}

/** A new name under which a whole object is stored in place of the damaged one of that key. */
export function newHealedKey(prefix: string, key: string): string {
  const place = isMark(prefix, key) ? "mark" : key.slice(prefix.length);
  return `${healedFolder(prefix)}${place}/${randomBytes(8).toString("hex")}`;
}

/** The key of the object that the given one stands in for. */
export function originalOf(prefix: string, healedKey: string): string {
  const place = healedKey.slice(healedFolder(prefix).length, healedKey.lastIndexOf("/"));
  return place === "mark" ? markOf(prefix) : prefix + place;
}

function isMark(prefix: string, key: string): boolean {
  return key === markOf(prefix);
}

/** The key of the object that says that a domain exists; `domain-key.ts` makes it. */
function markOf(prefix: string): string {
  return `domains/${prefix.slice(0, -1)}`;
}
