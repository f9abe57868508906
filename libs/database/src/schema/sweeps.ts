import { sql } from "drizzle-orm";
import { boolean, index, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import type { StoredError } from "./catalog.ts";
import { instant } from "./columns.ts";

/** Reasons to keep a point whatever retention says; a hold that was released stays as a record. */
export const pointHolds = pgTable(
  "point_holds",
  {
    id: text("id").primaryKey(),
    pointId: text("point_id").notNull(),
    kind: text("kind").$type<"legal" | "incident">().notNull(),
    reason: text("reason").notNull(),
    placedBy: text("placed_by").notNull(),
    placedAt: instant("placed_at").notNull(),
    releasedBy: text("released_by"),
    releasedAt: instant("released_at"),
  },
  (table) => [index("point_holds_by_point").on(table.pointId)],
);

/** Runs of the sweeper. */
export const sweeps = pgTable(
  "sweeps",
  {
    id: text("id").primaryKey(),
    repository: text("repository").notNull(),
    dryRun: boolean("dry_run").notNull(),
    requestedBy: text("requested_by").notNull(),
    state: text("state").$type<"running" | "succeeded" | "failed">().notNull(),
    startedAt: instant("started_at").notNull(),
    /** A sign of life of the process that runs it. */
    seenAt: instant("seen_at").notNull(),
    finishedAt: instant("finished_at"),
    report: jsonb("report").$type<Record<string, unknown>>(),
    error: jsonb("error").$type<StoredError>(),
  },
  (table) => [
    index("sweeps_by_repository").on(table.repository, table.startedAt),
    // One at a time in each repository; a preview disturbs nobody.
    uniqueIndex("sweeps_one_live").on(table.repository).where(sql`state = 'running' and not dry_run`),
  ],
);
