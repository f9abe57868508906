CREATE TABLE "replicas" (
	"id" text PRIMARY KEY NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "session_id" text;--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "replica" text;