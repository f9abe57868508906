import { type Clock, MusterError } from "@muster/core";
import { durationMs, timestampFromMs } from "@muster/protocol/grpc";
import type { AgentConfig } from "../config/schema.ts";
import type { ProbeMonitor } from "../probes/monitor.ts";
import type { Performer } from "./dispatcher.ts";
import { passGate } from "./gate.ts";
import type { JobRunner } from "./job-runner.ts";
import { actionNamed, runAction } from "./run-action.ts";

/** Carries out each kind of command: actions and gates here, what moves data in a process of its own. */
export function performer(options: {
  readonly config: AgentConfig;
  readonly monitor: ProbeMonitor;
  readonly jobs: JobRunner;
  readonly clock: Clock;
}): Performer {
  const { config, monitor, jobs, clock } = options;
  return async (command, run) => {
    const { work } = command;
    switch (work.case) {
      case "action": {
        const name = work.value.action;
        const result = await runAction(name, actionNamed(config.actions, name), { ...run, grace: config.limits.grace });
        if (result.exitCode === 0) return { case: "action", value: result };
        throw new MusterError("action-failed", `the action "${name}" exited with ${result.exitCode}`, {
          details: { ...result },
        });
      }
      case "gate": {
        const { probes, interval, successes, deadline, stability } = work.value;
        const request = {
          probes,
          interval: Math.max(100, durationMs(interval)),
          successes: Math.max(1, successes),
          deadline: durationMs(deadline),
          stability: durationMs(stability),
        };
        const passed = await passGate(request, {
          signal: run.signal,
          clock,
          check: monitor.check,
          progress: (done, total, note) => run.progress(done, total, "probes", note),
        });
        return { case: "gate", value: { rounds: passed.rounds, healthySince: timestampFromMs(passed.healthySince) } };
      }
      case "backup":
      case "checkRestore":
      case "restore":
      case "aside":
      case "copy":
        return jobs.run(work, run);
      case undefined:
        throw new MusterError("usage", `command ${command.commandId} asks for something this agent does not know`, {
          hint: "Update muster-agent on this host.",
        });
      default:
        return work satisfies never;
    }
  };
}
