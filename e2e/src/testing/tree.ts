import { createHash, randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes files of random bytes, which nothing compresses or deduplicates: `count` files of `size` bytes each. */
export async function writeRandomTree(root: string, { count, size }: { count: number; size: number }): Promise<void> {
  for (let number = 0; number < count; number++) {
    const file = join(root, `folder-${number % 7}`, `file-${number}.bin`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, randomBytes(size), { mode: number % 2 === 0 ? 0o600 : 0o644 });
  }
}

/** Path → type, mode, owner and content, for everything below a directory. */
export async function fingerprint(root: string): Promise<Record<string, string>> {
  const prints: Record<string, string> = {};
  for (const path of ["", ...(await readdir(root, { recursive: true }))].sort()) {
    const full = join(root, path);
    const stat = await lstat(full);
    const content = stat.isFile()
      ? createHash("sha256")
          .update(await readFile(full))
          .digest("hex")
      : stat.isSymbolicLink()
        ? await readlink(full)
        : "";
    prints[path] = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${content}`;
  }
  return prints;
}

/** Bytes of all files below a directory; 0 while it does not exist. Files may come and go meanwhile. */
export async function bytesBelow(root: string): Promise<number> {
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(root, name)).then(
        (stat) => (stat.isFile() ? stat.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
