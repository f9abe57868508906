import { create, type Schedule, ScheduleSchema, timestampFromMs } from "@muster/protocol/grpc";
import { backupSettings } from "../catalog/create-backup.ts";
import type { Tx } from "../context.ts";
import { nextRun } from "./due.ts";
import { type WantedSchedule, wantedSchedules } from "./sync.ts";

const horizon = 7 * 86_400_000;
/** A source that is backed up every minute needs no more moments than this to get through hours without orders. */
const maxDue = 500;

/** A backup that an agent goes on with by itself, and where it goes. */
export interface HostBackup {
  readonly service: string;
  readonly source: string;
  readonly repository: string;
  /** Milliseconds since the epoch, ascending. */
  readonly due: readonly number[];
}

/** What an agent does by itself for about seven days from `now` (milliseconds) when the control plane is away. */
export async function backupsFor(tx: Tx, host: string, now: number): Promise<HostBackup[]> {
  const sources = new Map<string, WantedSchedule[]>();
  for (const schedule of await wantedSchedules(tx)) {
    if (schedule.found.service.host !== host) continue;
    const key = `${schedule.service}/${schedule.source}`;
    sources.set(key, [...(sources.get(key) ?? []), schedule]);
  }
  return [...sources.values()].flatMap((schedules) => {
    const first = schedules[0];
    if (first === undefined) return [];
    const { repository } = backupSettings(first);
    return [{ service: first.service, source: first.source, repository, due: dueTimes(schedules, now) }];
  });
}

/** The Schedule message for an agent; each backup's repository has its name only, the grant is added by the session. */
export async function scheduleFor(tx: Tx, host: string, now: number): Promise<Schedule> {
  const backups = await backupsFor(tx, host, now);
  return create(ScheduleSchema, {
    revision: BigInt(now),
    backups: backups.map(({ service, source, repository, due }) => ({
      backup: { service, source, repository: { repository, domain: service } },
      due: due.map((at) => timestampFromMs(at)),
    })),
  });
}

function dueTimes(schedules: readonly WantedSchedule[], now: number): number[] {
  const times = schedules.flatMap((schedule) => {
    const moments: number[] = [];
    for (let at = nextRun(schedule, now); at <= now + horizon && moments.length < maxDue; at = nextRun(schedule, at)) {
      moments.push(at);
    }
    return moments;
  });
  return [...new Set(times)].sort((a, b) => a - b).slice(0, maxDue);
}
