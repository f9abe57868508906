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
  const now = systemClock.now();
  const rows = points.map((point) => [
    ...[moment(point.takenAt), ago(point.takenAt, now), `${point.service}/${point.source}`, point.host],
    ...[formatSize(point.logicalBytes), formatSize(point.storedBytes), placesOf(point), point.id],
    point.damaged
      ? style.bad("damaged")
      : point.expiredAt !== undefined
        ? style.dim("expired")
        : verifiedText(point, now),
  ]);
  const headings = ["MOMENT", "AGE", "SOURCE", "HOST", "SIZE", "STORED", "REPOSITORY", "POINT", "STATE"];
  return table(headings, rows, { style, right: [4, 5] });
}

/** The repository of the backup, then those that have a copy. */
function placesOf({ repository, damaged, copies }: ApiPoint): string {
  return [{ repository, damaged }, ...copies].map((at) => at.repository + (at.damaged ? " (damaged)" : "")).join(", ");
}

/** The newest and deepest proof that some repository has the point whole, or how far the scheduled reading of its own has come. */
function verifiedText({ verifiedAt, verifyLevel, sample, copies, warnings }: ApiPoint, now: number): string {
  if (warnings.length > 0) return "see below";
  const [proof] = [{ verifiedAt, verifyLevel }, ...copies.filter(({ damaged }) => !damaged)]
    .filter((place) => place.verifiedAt !== undefined)
    .sort((a, b) => depth(b) - depth(a) || Date.parse(b.verifiedAt ?? "") - Date.parse(a.verifiedAt ?? ""));
  const sampled = sample === undefined || sample.read >= sample.of ? "" : `${sample.read} of ${sample.of} parts read`;
  if (proof === undefined) return sampled;
  const proven = `${proof.verifyLevel === "read" ? "read" : "present"} ${ago(proof.verifiedAt, now)}`;
  return proof.verifyLevel === "read" || sampled === "" ? proven : `${proven}, ${sampled}`;
}

const depth = ({ verifyLevel }: { readonly verifyLevel?: string | undefined }): number =>
  verifyLevel === "read" ? 1 : 0;
