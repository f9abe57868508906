import { MusterError, systemClock } from "@muster/core";
import { type ApiBackup, type ApiPoint, backupSchema, backupsCreatedSchema, pointSchema } from "@muster/protocol";
import type { Command } from "commander";
import { timeoutOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import type { Client } from "../client.ts";
import { backupLines, backupTable } from "../render/backup.ts";
import { createLiveView } from "../render/live-view.ts";
import { sayWarnings } from "../render/point-warnings.ts";
import { poll, waitLimit } from "../wait.ts";

interface BackupOptions {
  readonly all?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** `muster backup`: now, beside the schedule. */
export function addBackup(program: Command, cli: Cli): void {
  program
    .command("backup [names...]")
    .description("back up services, or single sources as SERVICE/SOURCE, now")
    .option("--all", "every source of the plan")
    .option("--wait", "wait for the end, with progress")
    .option("--timeout <duration>", "wait no longer than this")
    .action(async (names: string[], { all = false, wait = false, timeout }: BackupOptions) => {
      if (!all && names.length === 0) {
        throw new MusterError("usage", "what is to be backed up?", {
          hint: "Name services or SERVICE/SOURCE, or use --all.",
        });
      }
      const limit = waitLimit(timeoutOf(timeout), cli.signal);
      const client = await cli.client();
      const body = {
        all,
        services: names.filter((name) => !name.includes("/")),
        sources: names.filter((name) => name.includes("/")),
      };
      const { backups } = await client.post("/api/v1/backups", backupsCreatedSchema, body);
      const ended = wait || timeout !== undefined ? await waitForAll(cli, client, backups, limit) : backups;
      cli.print(ended, () => backupTable(ended, { style: cli.style, now: systemClock.now() }));
      if (!wait && timeout === undefined) cli.note("They go on in the background; follow them with: muster backups");
      sayWarnings(cli, await pointsOf(client, ended));
      sayOutcome(cli, ended);
    });
}

/** The points that backups have made. */
async function pointsOf(client: Client, backups: readonly ApiBackup[]): Promise<ApiPoint[]> {
  const ids = backups.flatMap(({ pointId }) => pointId ?? []);
  return Promise.all(ids.map((id) => client.get(`/api/v1/points/${encodeURIComponent(id)}`, pointSchema)));
}

function sayOutcome(cli: Cli, backups: readonly ApiBackup[]): void {
  const broken = backups.filter(({ state }) => state === "failed" || state === "cancelled");
  for (const { service, source, error } of broken)
    if (error !== undefined)
      cli.note(`${cli.style.bad("error:")} ${service}/${source}: ${error.message}\n  ${error.hint}`);
  if (broken.length > 0) cli.end(broken.length === backups.length ? "failed" : "partial");
}

async function waitForAll(
  cli: Cli,
  client: Client,
  started: readonly ApiBackup[],
  limit: AbortSignal,
): Promise<ApiBackup[]> {
  using view = createLiveView(cli.terminal);
  return poll(
    () => Promise.all(started.map(({ id }) => client.get(`/api/v1/backups/${encodeURIComponent(id)}`, backupSchema))),
    (backups) => {
      view.show(backupLines(backups, { style: cli.style, now: systemClock.now() }));
      return backups.every(({ state }) => state !== "queued" && state !== "running");
    },
    { limit, what: "the backup" },
  );
}
