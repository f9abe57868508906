import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How `actual` differs from `expected`, one line a file; empty if the two folders have the same content. */
export function differences(expected: string, actual: string): string[] {
  const paths = new Set([...filesOf(expected), ...filesOf(actual)]);
  return [...paths].sort().flatMap((path) => {
    const [wanted, found] = [content(join(expected, path)), content(join(actual, path))];
    if (wanted === found) return [];
    if (found === undefined) return [`missing: ${path}`];
    return [wanted === undefined ? `left over: ${path}` : `out of date: ${path}`];
  });
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function content(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
