import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { systemErrorCode } from "@muster/core";

const run = promisify(execFile);

/** How long a disk may take to write out what was restored. */
const deadlineMs = 30 * 60_000;

/**
 * Makes all that was written to the file system of a directory durable with one call (syncfs, by coreutils' `sync -f`),
 * which is far cheaper than one per file. Where that tool is missing, `sync` is called for every path instead.
 */
export async function syncTree(
  directory: string,
  eachPath: () => AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await run("sync", ["-f", directory], { timeout: deadlineMs, ...(signal === undefined ? {} : { signal }) });
  } catch (thrown) {
    if (systemErrorCode(thrown) !== "ENOENT") throw thrown;
    for await (const path of eachPath()) await syncOne(path);
  }
}

async function syncOne(path: Buffer): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
