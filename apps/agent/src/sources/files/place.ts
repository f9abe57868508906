import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { exists } from "../disk.ts";

/**
 * Where a restore of one root stages and keeps things. A root is switched as a whole, beside it; a root that is a mount
 * point cannot be renamed, so its entries are switched one by one, from directories inside it.
 */
export interface Place {
  readonly root: string;
  readonly how: "whole" | "entries";
  readonly staging: string;
  readonly aside: string;
}

export async function placeOf(root: string, id: string): Promise<Place> {
  if ((await mountPoints()).includes(root)) {
    return { root, how: "entries", staging: join(root, `.muster-new-${id}`), aside: join(root, `.muster-aside-${id}`) };
  }
  const beside = join(dirname(root), basename(root));
  return { root, how: "whole", staging: `${beside}.muster-new-${id}`, aside: `${beside}.muster-aside-${id}` };
}

/** Mount points strictly below a root: a rename would carry them away with the old tree. */
export async function mountsBelow(root: string): Promise<string[]> {
  return (await mountPoints()).filter((point) => point.startsWith(`${root}/`));
}

/** All mount points; spaces and the like are octal escapes there (proc(5)). Empty where there is no such list. */
async function mountPoints(): Promise<string[]> {
  const list = "/proc/self/mountinfo";
  if (!(await exists(list))) return [];
  const text = await readFile(list, "utf8");
  return text.split("\n").flatMap((line) => {
    const field = line.split(" ")[4];
    return field === undefined
      ? []
      : [field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
  });
}
