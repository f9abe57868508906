import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { deviceOf, exists } from "../disk.ts";
import { checked, finding, spaceFindings } from "../findings.ts";
import type { RestoreFinding, RestoreRequest } from "../source.ts";
import { type FilesConfig, rootsOf } from "./config.ts";
import { mountsBelow } from "./place.ts";

/** Every reason why a restore would fail. Touches nothing. */
export async function checkFilesRestore(config: FilesConfig, { point }: RestoreRequest): Promise<RestoreFinding[]> {
  const roots = rootsOf(config);
  const findings = [...rootCountFindings(roots, point.facts.roots)];
  for (const root of roots) {
    findings.push(...(await checked(() => mountFindings(root))), ...(await checked(() => accessFindings(root))));
  }
  findings.push(...(await checked(() => diskFindings(roots, point.logicalBytes))));
  return findings;
}

/** Roots are matched by their place in the list, so that a drill can restore them elsewhere. */
function rootCountFindings(roots: readonly string[], stored: unknown): RestoreFinding[] {
  if (!Array.isArray(stored) || stored.length === roots.length) return [];
  const message = `the point has ${stored.length} roots (${stored.join(", ")}), agent.yaml has ${roots.length}`;
  return [finding("error", "wrong-target", message, "List as many roots in agent.yaml, in the same order.")];
}

async function mountFindings(root: string): Promise<RestoreFinding[]> {
  const mounts = await mountsBelow(root);
  if (mounts.length === 0) return [];
  const message = `other file systems are mounted below ${root}: ${mounts.join(", ")}`;
  return [finding("error", "conflict", message, "Unmount them for the restore, or make them sources of their own.")];
}

async function accessFindings(root: string): Promise<RestoreFinding[]> {
  const parent = dirname(root);
  if (!(await exists(parent))) return [finding("info", "not-found", `${parent} does not exist; it will be made`)];
  const writable = await access(parent, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (writable) return [];
  return [
    finding("error", "source-failed", `the agent may not write in ${parent}`, "Run the agent as a user that may."),
  ];
}

/** On one disk all roots share the room; on several, each must have room for all, since sizes per root are not known. */
async function diskFindings(roots: readonly string[], bytes: number): Promise<RestoreFinding[]> {
  const disks = new Map<number, string>();
  for (const root of roots) disks.set(await deviceOf(root), root);
  const findings = await Promise.all(
    [...disks.values()].map((root) => spaceFindings(root, bytes, "the restore beside the files kept aside")),
  );
  return findings.flat();
}
