import { statfs } from "node:fs/promises";
import { formatSize } from "@muster/core";
import type { ProbeOf } from "./config.ts";

/** Healthy while so many bytes are free for users other than root. */
export async function checkDisk({ path, minFree }: ProbeOf<"disk">): Promise<string> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free < minFree) throw new Error(`${formatSize(free)} free on ${path}, wanted ${formatSize(minFree)}`);
  return `${formatSize(free)} free`;
}
