import { defineConfig } from "vitest/config";

/** One vitest project per package; `extends: true` makes each inherit the shared settings. */
function project(name: string, root: string, testTimeout = 30_000) {
  return {
    extends: true as const,
    test: { name, root, include: ["**/*.test.ts"], testTimeout, hookTimeout: 120_000 },
  };
}

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    exclude: ["**/node_modules/**", "**/dist/**"],
    projects: [
      project("core", "libs/core"),
      project("recovery", "libs/recovery"),
      project("object-store", "libs/object-store"),
      project("repository", "libs/repository", 120_000),
      project("database", "libs/database", 60_000),
      project("protocol", "libs/protocol"),
      project("agent", "apps/agent", 120_000),
      project("control-plane", "apps/control-plane", 60_000),
      project("cli", "apps/cli", 60_000),
      project("console", "apps/console"),
      project("tools", "tools"),
      project("fleet", "examples/fleet", 120_000),
      project("e2e", "e2e", 300_000),
    ],
  },
});
