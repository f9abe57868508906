import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RestoreJob } from "./restore-job.ts";

/**
 * Runs a restore in a process that kills itself (SIGKILL) when a progress note begins with `killAt`. Resolves when it is
 * dead; throws when it ended in any other way, so that a test cannot pass without its kill.
 */
export async function killedRestore(job: RestoreJob): Promise<void> {
  const file = join(job.workDirectory, "job.json");
  await writeFile(file, JSON.stringify(job));
  const script = fileURLToPath(new URL("./restore-job.ts", import.meta.url));
  const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  if (signal !== "SIGKILL") throw new Error(`the restore was not killed at "${job.killAt}": ${code} ${stderr}`);
}
