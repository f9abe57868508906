import { isAbsolute, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { MusterError } from "@muster/core";
import { openFileStore } from "./fs/file-store.ts";
import type { ObjectStore } from "./port.ts";

/**
 * Opens the store at a URL (`file:///srv/backup`) or an absolute path. Throws `usage` for an address it does not
 * know and `store-unavailable` when nothing is there: a store is never made by opening it.
 */
export async function openStore(url: string): Promise<ObjectStore> {
  return openFileStore(filePath(url));
}

/** The absolute path that a `file:` URL or plain path names. Throws `usage` for anything else. */
export function filePath(url: string): string {
  if (isAbsolute(url)) return normalize(url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "file:" && parsed.hostname === "") return normalize(fileURLToPath(parsed));
  const what = parsed === undefined ? "a relative path or no address" : `the scheme ${parsed.protocol.slice(0, -1)}`;
  throw new MusterError("usage", `cannot open a repository with ${what}`, {
    hint: "Use an absolute path or file:///absolute/path.",
    details: { scheme: parsed?.protocol ?? "none" },
  });
}
