import { bigint, integer, jsonb, pgTable, text } from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

/** Bearer tokens of people and programs; only the hash is kept. */
export const apiTokens = pgTable("api_tokens", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  role: text("role").$type<"viewer" | "operator" | "approver" | "admin">().notNull(),
  /** SHA-256 of the token, hex. The token has 256 random bits, so no salt or stretching is needed. */
  hash: text("hash").notNull().unique(),
  createdAt: instant("created_at").notNull(),
  createdBy: text("created_by").notNull(),
  expiresAt: instant("expires_at"),
  revokedAt: instant("revoked_at"),
});

/** One-time tokens with which a host enrols. */
export const enrolmentTokens = pgTable("enrolment_tokens", {
  id: text("id").primaryKey(),
  host: text("host").notNull(),
  hash: text("hash").notNull().unique(),
  createdAt: instant("created_at").notNull(),
  createdBy: text("created_by").notNull(),
  expiresAt: instant("expires_at").notNull(),
  usedAt: instant("used_at"),
});

/** The audit trail: each record's hash covers the record before it, so that a changed one shows. */
export const auditRecords = pgTable("audit_records", {
  seq: bigint("seq", { mode: "number" }).primaryKey(),
  at: instant("at").notNull(),
  actor: text("actor").notNull(),
  action: text("action").notNull(),
  subject: text("subject").notNull(),
  details: jsonb("details").$type<Record<string, unknown>>().notNull(),
  previous: text("previous").notNull(),
  hash: text("hash").notNull(),
});

/** Answers already given to `Idempotency-Key`s. */
export const idempotencyKeys = pgTable("idempotency_keys", {
  key: text("key").primaryKey(),
  requestHash: text("request_hash").notNull(),
  status: integer("status").notNull(),
  body: jsonb("body").notNull(),
  createdAt: instant("created_at").notNull(),
});
