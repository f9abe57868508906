import { holdSchema } from "@muster/protocol";
import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { itemsOf } from "../pages.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";

/** `muster points hold`, `release` and `holds`. */
export function addPointHolds(points: Command, cli: Cli): void {
  points
    .command("hold <point>")
    .description("keep a point, and all its data, until it is released")
    .requiredOption("--reason <text>", "why; it is shown with the point and in the audit trail")
    .addOption(new Option("--kind <kind>", "what kind of hold").choices(["legal", "incident"]).default("incident"))
    .action(async (point: string, body: { reason: string; kind: string }) => {
      const client = await cli.client();
      const hold = await client.post(`/api/v1/points/${encodeURIComponent(point)}/hold`, holdSchema, body);
      cli.print(hold, () => `${hold.pointId} is held (${hold.kind}: ${hold.reason})`);
    });

  points
    .command("release <point>")
    .description("end all holds on a point: retention decides about it again")
    .action(async (point: string) => {
      const client = await cli.client();
      const path = `/api/v1/points/${encodeURIComponent(point)}/release`;
      const { items } = await client.post(path, itemsOf(holdSchema));
      cli.print(items, () => `${point} is not held any more`);
    });

  points
    .command("holds")
    .description("list the holds")
    .option("--released", "also those that were released")
    .action(async ({ released = false }: { released?: boolean }) => {
      const path = `/api/v1/holds?released=${released}`;
      const { items } = await (await cli.client()).get(path, itemsOf(holdSchema));
      const rows = items.map(({ pointId, kind, reason, placedBy, placedAt, releasedAt }) => [
        ...[pointId, kind, reason, placedBy, moment(placedAt)],
        releasedAt === undefined ? "in force" : `released ${moment(releasedAt)}`,
      ]);
      cli.print(items, () => table(["POINT", "KIND", "WHY", "BY", "SINCE", "STATE"], rows, cli));
    });
}
