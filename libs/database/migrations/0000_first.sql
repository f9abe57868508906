CREATE TABLE "api_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "api_tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "audit_records" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"details" jsonb NOT NULL,
	"previous" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "enrolment_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	CONSTRAINT "enrolment_tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"key" text PRIMARY KEY NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer NOT NULL,
	"body" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "backups" (
	"id" text PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"source" text NOT NULL,
	"host" text NOT NULL,
	"repository" text NOT NULL,
	"trigger" text NOT NULL,
	"state" text NOT NULL,
	"requested_by" text NOT NULL,
	"timeout_ms" bigint NOT NULL,
	"due_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"progress" jsonb,
	"point_id" text,
	"error" jsonb
);
--> statement-breakpoint
CREATE TABLE "points" (
	"id" text PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"source" text NOT NULL,
	"source_type" text NOT NULL,
	"repository" text NOT NULL,
	"host" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"taken_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone NOT NULL,
	"logical_bytes" bigint NOT NULL,
	"stored_bytes" bigint NOT NULL,
	"entries" bigint NOT NULL,
	"facts" jsonb NOT NULL,
	"expired_at" timestamp with time zone,
	"expiry_reason" text,
	"verified_at" timestamp with time zone,
	"verify_level" text,
	"damaged" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "verifications" (
	"id" text PRIMARY KEY NOT NULL,
	"repository" text NOT NULL,
	"level" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone NOT NULL,
	"report" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"id" text NOT NULL,
	"attempt" integer NOT NULL,
	"host" text NOT NULL,
	"target" text NOT NULL,
	"epoch" bigint NOT NULL,
	"owner" text NOT NULL,
	"owner_id" text NOT NULL,
	"payload" jsonb NOT NULL,
	"grant_repository" text,
	"grant_domain" text,
	"state" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"outcome" jsonb,
	CONSTRAINT "commands_id_attempt_pk" PRIMARY KEY("id","attempt")
);
--> statement-breakpoint
CREATE TABLE "hosts" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"certificate_fingerprint" text,
	"certificate_expires_at" timestamp with time zone,
	"enrolled_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"last_seen_at" timestamp with time zone,
	"online" integer DEFAULT 0 NOT NULL,
	"boot_id" text,
	"agent_version" text,
	"inventory" jsonb,
	"load" jsonb,
	"clock_offset_ms" double precision,
	CONSTRAINT "hosts_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "probe_changes" (
	"id" text PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"probe" text NOT NULL,
	"state" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"message" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "probe_states" (
	"host" text NOT NULL,
	"probe" text NOT NULL,
	"state" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"latency_ms" double precision,
	"message" text NOT NULL,
	CONSTRAINT "probe_states_host_probe_pk" PRIMARY KEY("host","probe")
);
--> statement-breakpoint
CREATE TABLE "target_epochs" (
	"target" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "plan_versions" (
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"hash" text NOT NULL,
	"files" jsonb NOT NULL,
	"model" jsonb NOT NULL,
	"applied_at" timestamp with time zone NOT NULL,
	"applied_by" text NOT NULL,
	"forced_reason" text,
	"current" boolean NOT NULL,
	CONSTRAINT "plan_versions_name_version_pk" PRIMARY KEY("name","version")
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"service" text NOT NULL,
	"source" text NOT NULL,
	"position" integer NOT NULL,
	"definition" text NOT NULL,
	"next_due_at" timestamp with time zone NOT NULL,
	"last_due_at" timestamp with time zone,
	CONSTRAINT "schedules_service_source_position_pk" PRIMARY KEY("service","source","position")
);
--> statement-breakpoint
CREATE TABLE "active_targets" (
	"target" text PRIMARY KEY NOT NULL,
	"recovery_id" text NOT NULL,
	"since" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "recoveries" (
	"id" text PRIMARY KEY NOT NULL,
	"plan_name" text NOT NULL,
	"mode" text NOT NULL,
	"state" text NOT NULL,
	"run" jsonb NOT NULL,
	"revision" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "recovery_effects" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "recovery_effects_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"recovery_id" text NOT NULL,
	"effect" jsonb NOT NULL,
	"not_before" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"done_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "step_history" (
	"id" text PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"work" text NOT NULL,
	"host" text NOT NULL,
	"duration_ms" bigint NOT NULL,
	"bytes" bigint,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "backups_by_source" ON "backups" USING btree ("service","source","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "backups_one_live" ON "backups" USING btree ("service","source") WHERE state in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "points_by_source" ON "points" USING btree ("service","source","taken_at");--> statement-breakpoint
CREATE INDEX "commands_by_host" ON "commands" USING btree ("host","state");--> statement-breakpoint
CREATE INDEX "commands_by_owner" ON "commands" USING btree ("owner","owner_id");--> statement-breakpoint
CREATE INDEX "probe_changes_by_probe" ON "probe_changes" USING btree ("host","probe","at");--> statement-breakpoint
CREATE INDEX "plan_versions_current" ON "plan_versions" USING btree ("current");--> statement-breakpoint
CREATE INDEX "schedules_due" ON "schedules" USING btree ("next_due_at");--> statement-breakpoint
CREATE INDEX "recoveries_by_time" ON "recoveries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "recoveries_by_state" ON "recoveries" USING btree ("state");--> statement-breakpoint
CREATE INDEX "recovery_effects_open" ON "recovery_effects" USING btree ("done_at","seq");--> statement-breakpoint
CREATE INDEX "step_history_by_work" ON "step_history" USING btree ("service","work","at");