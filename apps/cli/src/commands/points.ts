import { formatSize, systemClock } from "@muster/core";
import { type ApiPoint, pageOf, pointSchema } from "@muster/protocol";
import type { Command } from "commander";
import { countOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import { listPages } from "../pages.ts";
import { sayWarnings } from "../render/point-warnings.ts";
import { table } from "../render/table.ts";
import { ago, moment } from "../render/time.ts";
import { parseTarget } from "../target-time.ts";
import { addPointHolds } from "./point-holds.ts";

interface PointsOptions {
  readonly service?: string;
  readonly source?: string;
  readonly repository?: string;
  readonly before?: string;
  readonly expired?: boolean;
  readonly limit: string;
}

/** `muster points`: to which moments what can be restored. */
export function addPoints(program: Command, cli: Cli): void {
  const points = program
    .command("points")
    .description("recovery points: list them, and keep some whatever retention says");
  addPointHolds(points, cli);
  points
    .command("list", { isDefault: true })
    .description("list recovery points, newest first")
    .option("--service <name>", "only of this service")
    .option("--source <name>", "only of this source")
    .option("--repository <name>", "only in this repository")
    .option("--before <time>", "only at or before this time")
    .option("--expired", "also those that retention has given up")
    .option("--limit <number>", "how many", "50")
    .action(async ({ limit, before, expired = false, ...filter }: PointsOptions) => {
      const to = before === undefined ? undefined : parseTarget(before, systemClock.now());
      const query = { ...filter, to: to === "latest" ? undefined : to, expired, limit: countOf(limit, "--limit") };
      const items = await listPages(await cli.client(), "/api/v1/points", pageOf(pointSchema), query);
      cli.print(items, () => pointTable(cli, items));
      sayWarnings(cli, items);
      if (items.length === 0) cli.note("No recovery point. Make one with: muster backup --all --wait");
    });
}

function pointTable({ style }: Cli, points: readonly ApiPoint[]): string {
  const rows = points.map((point) => [
    ...[moment(point.takenAt), ago(point.takenAt, systemClock.now()), `${point.service}/${point.source}`, point.host],
    ...[formatSize(point.logicalBytes), formatSize(point.storedBytes), placesOf(point), point.id],
    point.damaged ? style.bad("damaged") : point.expiredAt !== undefined ? style.dim("expired") : verifiedText(point),
  ]);
  const headings = ["MOMENT", "AGE", "SOURCE", "HOST", "SIZE", "STORED", "REPOSITORY", "POINT", "STATE"];
  return table(headings, rows, { style, right: [4, 5] });
}

/** The repository of the backup, then those that have a copy. */
function placesOf({ repository, damaged, copies }: ApiPoint): string {
  return [{ repository, damaged }, ...copies].map((at) => at.repository + (at.damaged ? " (damaged)" : "")).join(", ");
}

function verifiedText({ verifiedAt, verifyLevel, warnings }: ApiPoint): string {
  if (warnings.length > 0) return "see below";
  return verifiedAt === undefined ? "" : `verified (${verifyLevel ?? "?"})`;
}
