import { text } from "../workspace.ts";
import type { Finding } from "./report.ts";

/** The lock file names no download address: each machine has its own registry or mirror. */
export async function checkLockFile(): Promise<Finding> {
  const addresses = downloadAddresses(text("package-lock.json"));
  return {
    passed: addresses.length === 0,
    details: `package-lock.json has download addresses, for: ${addresses.slice(0, 10).join(", ")}
.npmrc sets omit-lockfile-registry-resolved; run npm install with it.`,
  };
}

/** The packages of a lock file with a `resolved` address (links to workspaces have a plain path). */
export function downloadAddresses(lockFile: string): string[] {
  const parsed: { packages?: Record<string, { resolved?: string }> } = JSON.parse(lockFile);
  return Object.entries(parsed.packages ?? {})
    .filter(([, entry]) => /^[a-z+]+:\/\//.test(entry.resolved ?? ""))
    .map(([path]) => path);
}
