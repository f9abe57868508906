CREATE TABLE "point_holds" (
	"id" text PRIMARY KEY NOT NULL,
	"point_id" text NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"placed_by" text NOT NULL,
	"placed_at" timestamp with time zone NOT NULL,
	"released_by" text,
	"released_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "sweeps" (
	"id" text PRIMARY KEY NOT NULL,
	"repository" text NOT NULL,
	"dry_run" boolean NOT NULL,
	"requested_by" text NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"report" jsonb,
	"error" jsonb
);
--> statement-breakpoint
ALTER TABLE "points" ADD COLUMN "deleting_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "point_holds_by_point" ON "point_holds" USING btree ("point_id");--> statement-breakpoint
CREATE INDEX "sweeps_by_repository" ON "sweeps" USING btree ("repository","started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sweeps_one_live" ON "sweeps" USING btree ("repository") WHERE state = 'running' and not dry_run;