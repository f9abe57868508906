import { rmSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentYaml } from "./agent.ts";

/** A service that a test can break, hold and mend: pages on disk, and "running" is a file beside them. */
export interface Site {
  readonly pages: string;
  readonly yaml: AgentYaml;
  /** The start action fails from now on. */
  breakStart(): void;
  mend(): void;
  /** The action waits, from its beginning, until it is released. */
  hold(action: "start" | "stop"): void;
  release(): void;
}

const script = `#!/bin/sh
# site.sh FOLDER start|stop|check
cd "$1"
while [ -e "hold-$2" ]; do sleep 0.1; done
case $2 in
  start) [ ! -e broken ] || { echo "the site cannot start: it is broken" >&2; exit 3; }; touch running ;;
  stop) rm -f running ;;
  check) [ -e running ] ;;
esac
`;

/** Lays the site out in a host's folder: three small pages, and agent.yaml with its source, probe and actions. */
export async function makeSite(folder: string, { empty = false } = {}): Promise<Site> {
  const pages = join(folder, "pages");
  await mkdir(folder, { recursive: true });
  const program = join(folder, "site.sh");
  await writeFile(program, script, { mode: 0o755 });
  if (!empty) {
    await mkdir(join(pages, "about"), { recursive: true });
    await writeFile(join(pages, "index.html"), "<h1>Welcome</h1>\n");
    await writeFile(join(pages, "about", "us.html"), "<h1>Us</h1>\n", { mode: 0o640 });
    await writeFile(join(folder, "running"), "");
  }
  const action = (name: string) => ({ argv: [program, folder, name], timeout: "60s" });
  const mark = (name: string): void => writeFileSync(join(folder, name), "");
  const unmark = (name: string): void => rmSync(join(folder, name), { force: true });
  return {
    pages,
    yaml: {
      sources: { pages: { type: "files", root: pages } },
      probes: { "site-answers": { type: "action", action: "check-site", interval: "1s", retries: 1 } },
      actions: { "start-site": action("start"), "stop-site": action("stop"), "check-site": action("check") },
    },
    breakStart: () => mark("broken"),
    mend: () => unmark("broken"),
    hold: (name) => mark(`hold-${name}`),
    release() {
      unmark("hold-start");
      unmark("hold-stop");
    },
  };
}
