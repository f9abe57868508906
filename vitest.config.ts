import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** One vitest project per package; `extends: true` makes each inherit the shared settings. */
function project(name: string, root: string, { testTimeout = 120_000, globalSetup = [] as string[] } = {}) {
  return {
    extends: true as const,
    test: { name, root, include: ["**/*.test.ts"], testTimeout, hookTimeout: 180_000, globalSetup },
  };
}

/** One database that is made once, for packages whose tests start many control planes. */
const globalSetup = [join(import.meta.dirname, "libs/database/src/testing/template.ts")];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 3, // on the two cores of the smallest machine: the end-to-end tests wait much of their time
    exclude: ["**/node_modules/**", "**/dist/**"],
    projects: [
      project("core", "libs/core"),
      project("recovery", "libs/recovery"),
      project("object-store", "libs/object-store"),
      project("repository", "libs/repository"),
      project("database", "libs/database"),
      project("protocol", "libs/protocol"),
      project("agent", "apps/agent"),
      project("control-plane", "apps/control-plane", { globalSetup }),
      project("cli", "apps/cli"),
      project("console", "apps/console"),
      project("tools", "tools"),
      project("fleet", "examples/fleet"),
      project("e2e", "e2e", { testTimeout: 300_000, globalSetup }),
    ],
  },
});
