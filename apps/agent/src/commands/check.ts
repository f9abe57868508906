import type { Command } from "commander";
import { withConfigOption } from "./shared-options.ts";

export function addCheck(program: Command): void {
  withConfigOption(program.command("check"))
    .description("check agent.yaml, look at every source and run every probe once")
    .action(async ({ config }: { config: string }) => {
      const { checkHost } = await import("./check-host.ts");
      await checkHost(config);
    });
}
