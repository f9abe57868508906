import type { HealReport } from "../../heal/heal.ts";
import { healedFolder } from "../../heal/healed-key.ts";
import { ModelViolation } from "./check.ts";
import type { SiteName } from "./sites.ts";
import type { World } from "./world.ts";

/** Throws unless each pack that is said to be healed is whole, or was damaged again since, or is gone. */
export async function requireHealed(
  { sites, damaged }: World,
  name: SiteName,
  healed: HealReport["healed"],
  damagedBefore: ReadonlyMap<string, number>,
): Promise<void> {
  const { store, present, check } = sites[name];
  for (const { object } of healed) {
    if (!object.startsWith(`${present.prefix}packs/`)) continue;
    const standIns = `${healedFolder(present.prefix)}${object.slice(present.prefix.length)}/`;
    const keys = [...store.objects.keys()].filter((key) => key === object || key.startsWith(standIns));
    const isNew = keys.some((key) => damaged[name].get(key) !== damagedBefore.get(key));
    let holds = 0;
    for (const key of keys) holds += (await check.packs.of(key)).size;
    if (keys.length > 0 && holds === 0 && !isNew) {
      throw new ModelViolation(`${object} of ${name} is said to be healed, and nothing of it is whole`);
    }
  }
}
