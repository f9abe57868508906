import { stat } from "node:fs/promises";
import { MusterError, systemErrorCode } from "@muster/core";
import { storeError } from "./errors.ts";

/** The directory that holds a store, pinned when it was opened. */
export interface Root {
  readonly path: string;
  /**
   * Throws `store-unavailable` unless the directory is still the one that was opened. An unmounted disk leaves an
   * empty mount point behind; without this check its store would look empty.
   */
  check(): Promise<void>;
}

/** Pins an existing directory. Throws `store-unavailable` when it is missing or is something else. */
export async function pinRoot(path: string): Promise<Root> {
  const opened = await identify(path);
  return {
    path,
    async check() {
      const now = await identify(path);
      if (now.dev === opened.dev && now.ino === opened.ino) return;
      throw new MusterError("store-unavailable", `${path} is not the directory that was opened any more`, {
        hint: "Check that its disk is mounted, then try again.",
      });
    },
  };
}

async function identify(path: string): Promise<{ dev: bigint; ino: bigint }> {
  try {
    const found = await stat(path, { bigint: true });
    if (found.isDirectory()) return found;
  } catch (thrown) {
    if (systemErrorCode(thrown) !== "ENOENT") throw storeError(thrown, `look at ${path}`);
    throw new MusterError("store-unavailable", `the directory ${path} does not exist`, {
      cause: thrown,
      hint: "Check the path and that its disk is mounted; a new store is made on purpose only, with: muster init",
      retryable: false,
    });
  }
  throw new MusterError("store-unavailable", `${path} is not a directory`, { retryable: false });
}
