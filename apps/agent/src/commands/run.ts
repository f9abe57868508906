import { systemClock } from "@muster/core";
import type { Command } from "commander";
import { loadConfigInChild } from "../config/load-in-child.ts";
import { agentLogger, untilSignalled, withConfigOption } from "./shared-options.ts";

export function addRun(program: Command): void {
  withConfigOption(program.command("run"))
    .description("protect this host and carry out the control plane's commands")
    .option("-d, --data <directory>", "where the agent keeps its key and journal (default: data in agent.yaml)")
    .action(async (options: { config: string; data?: string }) => {
      const loaded = await loadConfigInChild(options.config);
      const config = options.data === undefined ? loaded.config : { ...loaded.config, data: options.data };
      const { runAgent } = await import("../agent.ts"); // gRPC is loaded only where it is needed
      await runAgent({ ...loaded, config }, systemClock, agentLogger(), untilSignalled());
    });
}
