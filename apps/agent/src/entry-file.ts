import { fileURLToPath } from "node:url";

/**
 * The file that a process of the agent's own starts from: a source file (a path from src/), or in a release, where the code
 * that asks is a bundle, a bundle beside it.
 */
export function entryFile(asking: string, source: string, bundle: string): string {
  const own = fileURLToPath(asking);
  if (own.endsWith(".ts")) return fileURLToPath(new URL(`./${source}`, import.meta.url));
  return own.replace(/[^/]+$/, bundle);
}
