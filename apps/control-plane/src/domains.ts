import type { ControlPlane } from "./context.ts";
import { registerCopies, startCopies } from "./copies/start.ts";
import { startOwnBackups } from "./own-backups/start.ts";
import { registerRecoveries } from "./recoveries/register.ts";
import { startRecoveries } from "./recoveries/start.ts";
import { registerProtection } from "./schedules/register.ts";
import { startSchedules } from "./schedules/start.ts";
import { startSweeps } from "./sweeps/start.ts";

/** Each domain hangs its handlers onto commands and sessions before the first agent is let in. */
export const registrations: readonly ((cp: ControlPlane) => void)[] = [
  registerProtection,
  registerCopies,
  registerRecoveries,
];

/** Each domain's work in the background; stopped in reverse order before the database closes. */
export const starters: readonly ((cp: ControlPlane) => Promise<{ stop(): Promise<void> }>)[] = [
  startSchedules,
  startCopies,
  startRecoveries,
  startOwnBackups,
  startSweeps,
];
