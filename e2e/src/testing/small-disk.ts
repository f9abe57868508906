import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  readonly path: string;
  release(): void;
}

/** A disk of so many megabytes of its own: a tmpfs. Undefined where this user may not mount one. */
export function smallDisk(megabytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), "muster-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  let mounted = true;
  const release = (): void => {
    if (!mounted) return;
    mounted = false;
    execFileSync("umount", ["--lazy", path], { stdio: "ignore" });
    rmSync(path, { recursive: true });
  };
  process.on("exit", release);
  return { path, release };
}
