import { lstat } from "node:fs/promises";
import { MusterError } from "@muster/core";
import { freeBytes } from "../disk.ts";
import type { Source } from "../source.ts";
import { acceptRestore, rollBackRestore } from "./aside.ts";
import { backupFiles } from "./backup.ts";
import { checkFilesRestore } from "./check.ts";
import { type FilesConfig, rootsOf } from "./config.ts";
import { restoreFiles } from "./restore.ts";

export { type FilesConfig, filesConfigSchema } from "./config.ts";

/** Files and directories of this host. It needs no secrets. */
export function createFilesSource(name: string, config: FilesConfig, _secrets: Record<string, string>): Source {
  return {
    name,
    type: "files",
    location: rootsOf(config).join(", "),
    async inspect() {
      for (const root of rootsOf(config)) await requireRoot(root);
      const [first = "/"] = rootsOf(config);
      return { roots: rootsOf(config), freeBytes: await freeBytes(first) };
    },
    backup: (context, writer) => backupFiles(config, context, writer),
    checkRestore: (_context, request) => checkFilesRestore(config, request),
    restore: (context, reader, request) => restoreFiles(config, context, reader, request),
    accept: (context, asideId) => acceptRestore(context, asideId),
    rollBack: (context, asideId) => rollBackRestore(config, context, asideId),
  };
}

async function requireRoot(root: string): Promise<void> {
  try {
    await lstat(root);
  } catch (cause) {
    throw new MusterError("source-unavailable", `${root} cannot be read: ${String(cause)}`, { cause });
  }
}
