import { readFile, statfs } from "node:fs/promises";
import { freemem, loadavg } from "node:os";
import { create, type Load, LoadSchema, type LogStatus } from "@muster/protocol/grpc";

/** The host's load now, with the disks that hold the given paths; a path that is not there is left out, and what is known of continuous sources. */
export async function measureLoad(paths: readonly string[], logs: readonly LogStatus[] = []): Promise<Load> {
  const disks = await Promise.all([...new Set(paths)].map(measureDisk));
  return create(LoadSchema, {
    load1: loadavg()[0] ?? 0,
    memoryAvailableBytes: BigInt(await availableMemory()),
    agentRssBytes: BigInt(process.memoryUsage.rss()),
    disks: disks.filter((disk) => disk !== undefined),
    logs: [...logs],
  });
}

async function measureDisk(path: string) {
  try {
    const { bsize, blocks, bavail } = await statfs(path);
    return { path, sizeBytes: BigInt(blocks * bsize), freeBytes: BigInt(bavail * bsize) };
  } catch {
    return undefined; // not there yet: a restore may create it
  }
}

/** MemAvailable: what could be had without swapping, caches included. */
async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
}
