import { sql } from "drizzle-orm";
import { bigint, boolean, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

export interface StoredError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface StoredProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly note: string;
}

export const backups = pgTable(
  "backups",
  {
    id: text("id").primaryKey(),
    service: text("service").notNull(),
    source: text("source").notNull(),
    host: text("host").notNull(),
    repository: text("repository").notNull(),
    trigger: text("trigger").$type<"schedule" | "catch-up" | "manual" | "offline">().notNull(),
    state: text("state").$type<"queued" | "running" | "succeeded" | "failed" | "cancelled">().notNull(),
    requestedBy: text("requested_by").notNull(),
    timeoutMs: bigint("timeout_ms", { mode: "number" }).notNull(),
    dueAt: instant("due_at"),
    createdAt: instant("created_at").notNull(),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
    progress: jsonb("progress").$type<StoredProgress>(),
    pointId: text("point_id"),
    error: jsonb("error").$type<StoredError>(),
  },
  (table) => [
    index("backups_by_source").on(table.service, table.source, table.createdAt),
    // One run per source at a time: the second insert fails.
    uniqueIndex("backups_one_live").on(table.service, table.source).where(sql`state in ('queued', 'running')`),
  ],
);

/** The catalog: a cache of the manifests in the repositories. */
export const points = pgTable(
  "points",
  {
    id: text("id").primaryKey(),
    service: text("service").notNull(),
    source: text("source").notNull(),
    sourceType: text("source_type").notNull(),
    repository: text("repository").notNull(),
    host: text("host").notNull(),
    startedAt: instant("started_at").notNull(),
    takenAt: instant("taken_at").notNull(),
    finishedAt: instant("finished_at").notNull(),
    logicalBytes: bigint("logical_bytes", { mode: "number" }).notNull(),
    storedBytes: bigint("stored_bytes", { mode: "number" }).notNull(),
    entries: bigint("entries", { mode: "number" }).notNull(),
    facts: jsonb("facts").$type<Record<string, unknown>>().notNull(),
    /** Marked by retention; the data is deleted by a later sweep. */
    expiredAt: instant("expired_at"),
    expiryReason: text("expiry_reason"),
    /** Its deletion is decided: it cannot be held or restored any more. */
    deletingAt: instant("deleting_at"),
    verifiedAt: instant("verified_at"),
    verifyLevel: text("verify_level"),
    damaged: boolean("damaged").notNull().default(false),
  },
  (table) => [index("points_by_source").on(table.service, table.source, table.takenAt)],
);

export const verifications = pgTable("verifications", {
  id: text("id").primaryKey(),
  repository: text("repository").notNull(),
  level: text("level").notNull(),
  startedAt: instant("started_at").notNull(),
  finishedAt: instant("finished_at").notNull(),
  report: jsonb("report").$type<Record<string, unknown>>().notNull(),
});

/** Where points are besides the repository that their backup wrote to. */
export const pointCopies = pgTable(
  "point_copies",
  {
    pointId: text("point_id").notNull(),
    repository: text("repository").notNull(),
    copiedAt: instant("copied_at").notNull(),
    verifiedAt: instant("verified_at"),
    verifyLevel: text("verify_level"),
    damaged: boolean("damaged").notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.pointId, table.repository] })],
);

/** Runs that copy points of one source from one repository to another. */
export const copyRuns = pgTable(
  "copy_runs",
  {
    id: text("id").primaryKey(),
    service: text("service").notNull(),
    source: text("source").notNull(),
    fromRepository: text("from_repository").notNull(),
    toRepository: text("to_repository").notNull(),
    host: text("host").notNull(),
    state: text("state").$type<"running" | "succeeded" | "failed">().notNull(),
    createdAt: instant("created_at").notNull(),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
    progress: jsonb("progress").$type<StoredProgress>(),
    /** Points that it was to copy, and bytes that it wrote. */
    points: integer("points").notNull(),
    bytes: bigint("bytes", { mode: "number" }),
    error: jsonb("error").$type<StoredError>(),
    /** Runs of the same copy that failed one after the other, with this one. */
    failures: integer("failures").notNull().default(0),
    /** Not tried again before this moment. */
    retryAt: instant("retry_at"),
  },
  (table) => [
    index("copy_runs_by_source").on(table.service, table.source, table.toRepository, table.createdAt),
    uniqueIndex("copy_runs_one_live").on(table.service, table.source, table.toRepository).where(sql`state = 'running'`),
  ],
);

/** The parts of a repository that a schedule of verification has read, and when. */
export const verifiedSlices = pgTable(
  "verified_slices",
  {
    repository: text("repository").notNull(),
    slices: integer("slices").notNull(),
    slice: integer("slice").notNull(),
    finishedAt: instant("finished_at").notNull(),
    damage: integer("damage").notNull(),
  },
  (table) => [primaryKey({ columns: [table.repository, table.slices, table.slice] })],
);
