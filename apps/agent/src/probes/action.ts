import type { ProbeContext } from "./check.ts";
import type { ProbeOf } from "./config.ts";

/** Healthy when the action exits with 0. */
export async function checkAction({ action }: ProbeOf<"action">, context: ProbeContext): Promise<string> {
  const { exitCode, output } = await context.runAction(action, context.signal);
  const last = output.trim().split("\n").at(-1) ?? "";
  if (exitCode !== 0) throw new Error(`${action} exited with ${exitCode}${last === "" ? "" : `: ${last}`}`);
  return last === "" ? "exit 0" : last;
}
