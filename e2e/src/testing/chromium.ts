import { existsSync } from "node:fs";

/** Chromium as Debian installs it, or as MUSTER_TEST_CHROMIUM names it. Throws when there is none: no test is left out for it. */
export function chromiumPath(): string {
  const path = process.env.MUSTER_TEST_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(path))
    throw new Error(
      `there is no ${path}; install it (apt-get install -y chromium) or name one in MUSTER_TEST_CHROMIUM`,
    );
  return path;
}
