import type { ApiPoint } from "@muster/protocol";
import type { Cli } from "../cli.ts";

/** What was doubtful about points when they were made, each once for a source. */
export function sayWarnings(cli: Cli, points: readonly ApiPoint[]): void {
  const said = new Set<string>();
  for (const { id, service, source, warnings } of points) {
    for (const { message, hint } of warnings) {
      const key = `${service}/${source}: ${message}`;
      if (said.has(key)) continue;
      said.add(key);
      cli.note(`${cli.style.warn("warning:")} point ${id} of ${key}\n  ${hint}`);
    }
  }
}
