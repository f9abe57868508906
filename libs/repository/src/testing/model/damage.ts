import type { DomainContext } from "../../context.ts";
import { healedFolder, originalOf } from "../../heal/healed-key.ts";
import { miswrittenPack } from "../miswritten-pack.ts";
import type { Random } from "../random.ts";
import { otherSite, type Site, siteNames } from "./sites.ts";
import type { World } from "./world.ts";

/** Damages an object of one of the sites, and notes what points lose by it. */
export async function damageOne({ sites, damaged, random, processes }: World): Promise<void> {
  const name = siteNames[random.below(siteNames.length)] ?? "main";
  const site = sites[name];
  const { present, store, check } = site;
  const isBadInBoth = random.below(3) === 0; // an object that is damaged in the other site already
  const isChosen = (key: string): boolean =>
    isData(present, key) && (!isBadInBoth || damaged[otherSite(name)].has(key));
  const candidates = [...store.objects].filter(([key, { bytes }]) => isChosen(key) && bytes.length > 0);
  const [key, object] = candidates[random.below(Math.max(1, candidates.length))] ?? [];
  if (key === undefined || object === undefined) return;
  await noteHarm(site, key);
  const [how, bytes] = await hurt(present, key, object.bytes, random);
  store.damage(key, bytes);
  damaged[name].set(key, 1 + (damaged[name].get(key) ?? 0));
  processes.trace.push(`${name}: ${key} is ${how}`);
  await check.check();
}

function isData({ prefix }: DomainContext, key: string): boolean {
  return ["packs/", "points/", "index/", "healed/"].some((folder) => key.startsWith(prefix + folder));
}

/** What can be missing from now on without anybody's fault. */
async function noteHarm({ present, check }: Site, key: string): Promise<void> {
  for (const id of await check.packs.of(key)) check.harmed.add(id);
  const original = key.startsWith(healedFolder(present.prefix)) ? originalOf(present.prefix, key) : key;
  if (original.startsWith(`${present.prefix}points/`)) check.harmed.add(pointOf(original));
}

/** The id that a manifest's key ends with. */
export function pointOf(key: string): string {
  const last = key.slice(key.lastIndexOf("/") + 1);
  return last.slice(last.indexOf("-") + 1);
}

type Hurt = readonly [how: string, bytes: Buffer | undefined];

async function hurt(domain: DomainContext, key: string, bytes: Buffer, random: Random): Promise<Hurt> {
  switch (random.below(4)) {
    case 0:
      return ["lost", undefined];
    case 1:
      return ["cut short", bytes.subarray(0, 1 + random.below(Math.max(1, bytes.length - 1)))];
    case 2:
      return (await miswritten(domain, key, bytes)) ?? flipped(bytes, random);
    default:
      return flipped(bytes, random);
  }
}

function flipped(bytes: Buffer, random: Random): Hurt {
  const copy = Buffer.from(bytes);
  const at = random.below(copy.length);
  copy.writeUInt8((copy[at] ?? 0) ^ 4, at);
  return ["changed in one bit", copy];
}

async function miswritten(domain: DomainContext, key: string, bytes: Buffer): Promise<Hurt | undefined> {
  if (!key.startsWith(`${domain.prefix}packs/`)) return undefined;
  const pack = await miswrittenPack(domain, key, bytes);
  return pack === undefined ? undefined : ["written with another content", pack];
}
