import { bigint, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

export const hosts = pgTable("hosts", {
  id: text("id").primaryKey(),
  name: text("name").notNull().unique(),
  /** SHA-256 of the live certificate's DER, hex; another certificate is not let in. */
  certificateFingerprint: text("certificate_fingerprint"),
  /** The certificate before the live one; let in until the live one is first used, since a renewal's answer may be lost. */
  previousFingerprint: text("previous_fingerprint"),
  certificateExpiresAt: instant("certificate_expires_at"),
  enrolledAt: instant("enrolled_at").notNull(),
  revokedAt: instant("revoked_at"),
  lastSeenAt: instant("last_seen_at"),
  online: integer("online").notNull().default(0),
  /** The open session, and the replica of the control plane that holds it; only that one may say that the host is online. */
  sessionId: text("session_id"),
  replica: text("replica"),
  bootId: text("boot_id"),
  agentVersion: text("agent_version"),
  /** The Inventory message as JSON. */
  inventory: jsonb("inventory").$type<Record<string, unknown>>(),
  /** The Load message as JSON, with the time it was measured. */
  load: jsonb("load").$type<Record<string, unknown>>(),
  clockOffsetMs: doublePrecision("clock_offset_ms"),
});

/** Replicas of the control plane at work; one that does not renew its lease holds no session any more. */
export const replicas = pgTable("replicas", {
  id: text("id").primaryKey(),
  leaseUntil: instant("lease_until").notNull(),
});

/** The last report of every probe. */
export const probeStates = pgTable(
  "probe_states",
  {
    host: text("host").notNull(),
    probe: text("probe").notNull(),
    state: text("state").$type<"starting" | "passing" | "failing">().notNull(),
    since: instant("since").notNull(),
    checkedAt: instant("checked_at").notNull(),
    latencyMs: doublePrecision("latency_ms"),
    message: text("message").notNull(),
  },
  (table) => [primaryKey({ columns: [table.host, table.probe] })],
);

/** Every change of a probe's state: the first failure dates a disaster, the bars of the status page come from here. */
export const probeChanges = pgTable(
  "probe_changes",
  {
    id: text("id").primaryKey(),
    host: text("host").notNull(),
    probe: text("probe").notNull(),
    state: text("state").notNull(),
    at: instant("at").notNull(),
    message: text("message").notNull(),
  },
  (table) => [index("probe_changes_by_probe").on(table.host, table.probe, table.at)],
);

/** Commands to agents: written with the state that caused them, sent until the agent's result is stored. */
export const commands = pgTable(
  "commands",
  {
    /** `backup id`, or `recovery id/step id`. */
    id: text("id").notNull(),
    attempt: integer("attempt").notNull(),
    host: text("host").notNull(),
    target: text("target").notNull(),
    epoch: bigint("epoch", { mode: "number" }).notNull(),
    /** Who gets the result: `backup`, `recovery` or `check`. */
    owner: text("owner").notNull(),
    ownerId: text("owner_id").notNull(),
    /** The Command message as JSON, without repository grants: these are added when it is sent. */
    payload: jsonb("payload").$type<Record<string, unknown>>().notNull(),
    /** Name of the repository and domain whose grant is added, if any. */
    grantRepository: text("grant_repository"),
    grantDomain: text("grant_domain"),
    state: text("state").$type<"queued" | "sent" | "running" | "cancelling" | "finished">().notNull(),
    timeoutMs: bigint("timeout_ms", { mode: "number" }).notNull(),
    /** From here on the command is given up: its time after it was queued, and anew after it was first sent. */
    deadlineAt: instant("deadline_at").notNull(),
    cancelReason: text("cancel_reason"),
    createdAt: instant("created_at").notNull(),
    sentAt: instant("sent_at"),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
    /** The CommandFinished message as JSON. */
    outcome: jsonb("outcome").$type<Record<string, unknown>>(),
  },
  (table) => [
    primaryKey({ columns: [table.id, table.attempt] }),
    index("commands_by_host").on(table.host, table.state),
    index("commands_by_owner").on(table.owner, table.ownerId),
  ],
);

/** The fencing epoch of every target; only grows. */
export const targetEpochs = pgTable("target_epochs", {
  /** `host/target`. */
  target: text("target").primaryKey(),
  epoch: bigint("epoch", { mode: "number" }).notNull(),
});
