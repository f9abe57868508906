import { errorValue, MusterError } from "@muster/core";
import { performJob } from "./job.ts";
import type { JobMessage, JobRequest } from "./messages.ts";

/*
 * The process of one job. It takes its request over IPC, answers there, and ends. Without its agent (IPC is closed) it stops:
 * the next agent must not find an unknown worker on the source.
 */

/** How long the job may clean up after it was told to stop, in milliseconds. */
const cleanUp = 9000;

const controller = new AbortController();

function stop(): void {
  controller.abort(new MusterError("cancelled", "the job was stopped"));
  setTimeout(() => process.exit(1), cleanUp).unref();
}

process.on("SIGTERM", stop);
process.on("disconnect", stop);

function tell(message: JobMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

/** The highest resident memory of this process so far, in bytes. */
function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

process.once("message", async (message) => {
  const request = message as JobRequest; // from work/job-runner.ts
  try {
    const outcome = await performJob(request, controller.signal, (progress) => void tell(progress));
    await tell({ kind: "result", outcome, peakMemoryBytes: peakMemory() });
  } catch (thrown) {
    await tell({ kind: "failed", error: errorValue(thrown), peakMemoryBytes: peakMemory() });
  }
  process.off("disconnect", stop);
  process.disconnect?.();
  process.exit(0); // a source's driver may hold a socket open
});
