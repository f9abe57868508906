import { formatSize } from "@muster/core";
import type { ApiSweep } from "@muster/protocol";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

type ServiceSweep = NonNullable<ApiSweep["services"]>[number];

/** What a sweep did, or would do: each point with its reason, and bytes by service. */
export function sweepText(style: Style, { dryRun, services = [] }: ApiSweep): string {
  const points = services.flatMap(({ service, points }) =>
    points.map(({ id, fate, reason }) => [service, fateText(style, fate, dryRun), reason, id]),
  );
  const parts = [
    ...(points.length === 0 ? [] : [table(["SERVICE", "POINT", "WHY", "ID"], points, { style })]),
    ...(services.length === 0 ? ["Nothing is stored."] : [dataTable(style, services)]),
    ...services.flatMap(({ service, locked, notes }) => [
      ...notes.map((note) => style.warn(`${service}: ${note}`)),
      ...locked.map((key) => style.warn(`${service}: ${key} is locked by the store; a later sweep deletes it`)),
    ]),
    totals(services, dryRun),
  ];
  return parts.join("\n\n");
}

function fateText(style: Style, fate: string, dryRun: boolean): string {
  if (dryRun) return style.warn("would go");
  return fate === "deleted" ? style.bad(fate) : fate === "kept" ? style.good(fate) : style.warn(fate);
}

function dataTable(style: Style, services: readonly ServiceSweep[]): string {
  const size = ({ packs, bytes }: { packs: number; bytes: number }): string => (packs === 0 ? "–" : formatSize(bytes));
  const rows = services.map(({ service, stored, marked, waiting, deleted, kept }) => [
    ...[service, size(stored), size(deleted), size(waiting), size(marked), size(kept)],
  ]);
  const headings = ["SERVICE", "STORED", "DELETED", "WAITING", "NEWLY MARKED", "NEEDED AGAIN"];
  return table(headings, rows, { style, right: [1, 2, 3, 4, 5] });
}

function totals(services: readonly ServiceSweep[], dryRun: boolean): string {
  const bytes = (...of: readonly ("marked" | "waiting" | "deleted")[]): string =>
    formatSize(services.reduce((sum, service) => sum + of.reduce((part, one) => part + service[one].bytes, 0), 0));
  if (dryRun) return `${bytes("marked", "waiting")} would go. Nothing was changed.`;
  return `${bytes("deleted")} deleted, ${bytes("marked", "waiting")} wait for their grace.`;
}
