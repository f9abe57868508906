ALTER TABLE "commands" ADD COLUMN "timeout_ms" bigint NOT NULL;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "deadline_at" timestamp with time zone NOT NULL;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "cancel_reason" text;--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "previous_fingerprint" text;