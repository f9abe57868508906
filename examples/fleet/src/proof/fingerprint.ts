import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Path → SHA-256 over type, mode, owner, modification time and content, for everything under a directory. */
export async function fingerprintTree(root: string): Promise<Map<string, string>> {
  const prints = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    const stat = await lstat(join(root, path), { bigint: true });
    const hash = createHash("sha256").update(`${stat.mode} ${stat.uid} ${stat.gid} `);
    if (stat.isFile()) hash.update(`${stat.mtimeNs} `).update(await readFile(join(root, path)));
    prints.set(path, hash.digest("hex"));
    if (!stat.isDirectory()) return;
    for (const name of (await readdir(join(root, path))).sort()) await visit(join(path, name));
  };
  await visit("");
  return prints;
}

/** What differs, in words; empty when nothing does. */
export function differences(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  for (const [path, print] of expected) {
    const other = found.get(path);
    if (other === undefined) problems.push(`${path || "."} is missing`);
    else if (other !== print) problems.push(`${path || "."} differs`);
  }
  for (const path of found.keys()) if (!expected.has(path)) problems.push(`${path} was not there before`);
  return problems;
}
