import { asMusterError, type Clock, type Logger, newId, sleep } from "@muster/core";
import {
  create,
  fromBinary,
  OfflinePointSchema,
  type Schedule,
  type ScheduledBackup,
  ScheduleSchema,
  timestampMs,
  toBinary,
} from "@muster/protocol/grpc";
import type { AgentConfig } from "../config/schema.ts";
import type { DataDirectory } from "../data/directory.ts";
import type { Identity } from "../enrolment/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { Outbox } from "../session/outbox.ts";
import type { JobRunner } from "../work/job-runner.ts";
import { readSealed, writeSealed } from "./sealed-file.ts";

/** How often the schedule is looked at while the control plane is away, in milliseconds. */
const lookInterval = 1000;

export interface OfflineBackups {
  /** The schedule that counts now: the last one that came, or that on disk. */
  schedule(): Schedule | undefined;
  /** Keeps the schedule on disk for the time when nobody sends commands. */
  keep(schedule: Schedule): Promise<void>;
  /** The control plane is there again. */
  connected(): void;
  /** The stream has ended. */
  disconnected(): void;
  /** Runs due backups while the control plane is away, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Promise 8: while the control plane is away for longer than a grace, backups that are due run by themselves. */
export function openOfflineBackups(options: {
  readonly directory: DataDirectory;
  readonly identity: () => Identity;
  readonly jobs: JobRunner;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
}): OfflineBackups {
  const { directory, identity, jobs, journal, outbox, config, clock, log } = options;
  let schedule = readSchedule(directory.schedule, identity(), log);
  let awaySince: number | undefined = clock.now();
  let lookedUntil = clock.now();

  const backUp = async (due: ScheduledBackup, signal: AbortSignal): Promise<void> => {
    const { backup } = due;
    if (backup === undefined) return;
    const run = { signal, onSpawn: () => undefined, progress: () => undefined };
    const outcome = await jobs.run({ case: "backup", value: backup }, run);
    if (outcome.case !== "point") return;
    const { service, source } = backup;
    const point = create(OfflinePointSchema, { offlineId: newId("off"), service, source, point: outcome.value });
    await journal.offlineTaken(point);
    log.info({ source }, "backed up while the control plane is away");
    outbox.send({ case: "offlinePoint", value: point });
  };

  const runDue = async (signal: AbortSignal): Promise<void> => {
    const from = lookedUntil;
    lookedUntil = clock.now();
    const due = (schedule?.backups ?? []).filter((backup) => isDue(backup, from, lookedUntil));
    await Promise.all(
      due.map((backup) =>
        backUp(backup, signal).catch((thrown: unknown) => {
          const { code, message } = asMusterError(thrown);
          log.error({ code, source: backup.backup?.source }, `a backup by schedule failed: ${message}`);
        }),
      ),
    );
  };

  return {
    schedule: () => schedule,
    async keep(next) {
      schedule = next;
      await writeSealed(directory.schedule, toBinary(ScheduleSchema, next), identity().privateKey);
    },
    connected() {
      awaySince = undefined;
    },
    disconnected() {
      awaySince ??= clock.now();
    },
    async run(signal) {
      while (!signal.aborted) {
        const away = awaySince !== undefined && clock.now() - awaySince >= config.limits.offlineAfter;
        // While it is there the control plane starts what is due; what fell due in the grace runs when the grace is over.
        if (away) await runDue(signal);
        else if (awaySince === undefined) lookedUntil = clock.now();
        await sleep(lookInterval, signal).catch(() => undefined); // the loop's condition tells an abort
      }
    },
  };
}

/** Several due times that were missed make one backup. */
function isDue({ due }: ScheduledBackup, after: number, until: number): boolean {
  return due.map(timestampMs).some((time) => time > after && time <= until);
}

function readSchedule(path: string, identity: Identity, log: Logger): Schedule | undefined {
  try {
    const bytes = readSealed(path, identity.privateKey);
    return bytes === undefined ? undefined : fromBinary(ScheduleSchema, bytes);
  } catch (error) {
    log.warn(
      error,
      "the schedule on disk cannot be opened (the host was enrolled anew?); a new one comes on connection",
    );
    return undefined;
  }
}
