import { createLogger, type Logger } from "@muster/core";
import type { Command } from "commander";
import { defaultConfigFile } from "../data/directory.ts";

export function withConfigOption(command: Command): Command {
  return command.option("-c, --config <file>", "agent.yaml", defaultConfigFile);
}

/** The agent's log on stderr; MUSTER_LOG sets its level. */
export function agentLogger(): Logger {
  return createLogger("muster-agent", process.env.MUSTER_LOG ?? "info");
}

/** Aborts at SIGTERM or SIGINT; a second one ends the process at once. */
export function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => (controller.signal.aborted ? process.exit(130) : controller.abort()));
  }
  return controller.signal;
}
