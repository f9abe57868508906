import type { ApiBackup } from "@muster/protocol";
import { progressText } from "./progress.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { ago, duration } from "./time.ts";

interface Context {
  readonly style: Style;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Backups as a table. */
export function backupTable(backups: readonly ApiBackup[], { style, now }: Context): string {
  const rows = backups.map((backup) => [
    ...[backup.id, `${backup.service}/${backup.source}`, backup.host, backup.trigger],
    stateText(backup, style),
    ago(backup.createdAt, now),
    duration(tookOf(backup, now)),
    backup.pointId ?? backup.error?.code ?? "",
  ]);
  return table(["BACKUP", "SOURCE", "HOST", "CAUSE", "STATE", "ASKED", "TOOK", "POINT OR ERROR"], rows, { style });
}

/** One line for each backup under way. */
export function backupLines(backups: readonly ApiBackup[], { style, now }: Context): string[] {
  const width = Math.max(...backups.map(({ service, source }) => service.length + source.length + 1));
  return backups.map((backup) => {
    const name = `${backup.service}/${backup.source}`.padEnd(width);
    const progress = backup.state === "running" ? progressText(backup.progress, style) : "";
    return `${name}  ${stateText(backup, style)}  ${duration(tookOf(backup, now))}  ${progress}`.trimEnd();
  });
}

function stateText({ state }: ApiBackup, style: Style): string {
  if (state === "succeeded") return style.good(state);
  if (state === "failed") return style.bad(state);
  return state === "running" ? style.accent(state) : style.dim(state);
}

function tookOf({ startedAt, finishedAt }: ApiBackup, now: number): number | undefined {
  if (startedAt === undefined) return undefined;
  return (finishedAt === undefined ? now : Date.parse(finishedAt)) - Date.parse(startedAt);
}
