import type { Run } from "@muster/recovery";
import { bigint, index, integer, jsonb, pgTable, text } from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

/** One row per recovery; `run` is the whole state, changed only by `transition`, together with its effects. */
export const recoveries = pgTable(
  "recoveries",
  {
    id: text("id").primaryKey(),
    planName: text("plan_name").notNull(),
    mode: text("mode").$type<"real" | "drill">().notNull(),
    state: text("state").notNull(),
    run: jsonb("run").$type<Run>().notNull(),
    /** Grows with every transition; a writer that read an older one loses. */
    revision: integer("revision").notNull(),
    createdAt: instant("created_at").notNull(),
    finishedAt: instant("finished_at"),
  },
  (table) => [index("recoveries_by_time").on(table.createdAt), index("recoveries_by_state").on(table.state)],
);

/** Effects of transitions that are not carried out yet; written in the transition's transaction. */
export const recoveryEffects = pgTable(
  "recovery_effects",
  {
    seq: bigint("seq", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    recoveryId: text("recovery_id").notNull(),
    effect: jsonb("effect").$type<Record<string, unknown>>().notNull(),
    /** Not before this moment: retries wait. */
    notBefore: instant("not_before"),
    createdAt: instant("created_at").notNull(),
    doneAt: instant("done_at"),
  },
  (table) => [index("recovery_effects_open").on(table.doneAt, table.seq)],
);

/** At most one active recovery per target: the primary key refuses the second. */
export const activeTargets = pgTable("active_targets", {
  /** `service`, and `host/source` for every target host. */
  target: text("target").primaryKey(),
  recoveryId: text("recovery_id").notNull(),
  since: instant("since").notNull(),
});

/** Measured durations of steps, for forecasts. */
export const stepHistory = pgTable(
  "step_history",
  {
    id: text("id").primaryKey(),
    service: text("service").notNull(),
    /** `restore orders`, `action start-app`, `gate`. */
    work: text("work").notNull(),
    host: text("host").notNull(),
    durationMs: bigint("duration_ms", { mode: "number" }).notNull(),
    bytes: bigint("bytes", { mode: "number" }),
    at: instant("at").notNull(),
  },
  (table) => [index("step_history_by_work").on(table.service, table.work, table.at)],
);
