import type { Plan } from "@muster/recovery";
import { boolean, index, integer, jsonb, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

/** Every version of every plan that was ever applied. */
export const planVersions = pgTable(
  "plan_versions",
  {
    name: text("name").notNull(),
    version: integer("version").notNull(),
    hash: text("hash").notNull(),
    files: jsonb("files").$type<{ name: string; text: string }[]>().notNull(),
    model: jsonb("model").$type<Plan>().notNull(),
    appliedAt: instant("applied_at").notNull(),
    appliedBy: text("applied_by").notNull(),
    forcedReason: text("forced_reason"),
    /** The version in force; one per name. */
    current: boolean("current").notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.version] }), index("plan_versions_current").on(table.current)],
);

/** When each schedule of each source is due next. */
export const schedules = pgTable(
  "schedules",
  {
    service: text("service").notNull(),
    source: text("source").notNull(),
    /** Position in the policy's list of schedules. */
    position: integer("position").notNull(),
    /** Changes with the policy, so that a changed schedule starts anew. */
    definition: text("definition").notNull(),
    nextDueAt: instant("next_due_at").notNull(),
    lastDueAt: instant("last_due_at"),
  },
  (table) => [
    primaryKey({ columns: [table.service, table.source, table.position] }),
    index("schedules_due").on(table.nextDueAt),
  ],
);
