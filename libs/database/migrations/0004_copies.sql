CREATE TABLE "copy_runs" (
	"id" text PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"source" text NOT NULL,
	"from_repository" text NOT NULL,
	"to_repository" text NOT NULL,
	"host" text NOT NULL,
	"state" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"progress" jsonb,
	"points" integer NOT NULL,
	"bytes" bigint,
	"error" jsonb,
	"failures" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "point_copies" (
	"point_id" text NOT NULL,
	"repository" text NOT NULL,
	"copied_at" timestamp with time zone NOT NULL,
	"verified_at" timestamp with time zone,
	"verify_level" text,
	"damaged" boolean DEFAULT false NOT NULL,
	CONSTRAINT "point_copies_point_id_repository_pk" PRIMARY KEY("point_id","repository")
);
--> statement-breakpoint
CREATE TABLE "verified_slices" (
	"repository" text NOT NULL,
	"slices" integer NOT NULL,
	"slice" integer NOT NULL,
	"finished_at" timestamp with time zone NOT NULL,
	"damage" integer NOT NULL,
	CONSTRAINT "verified_slices_repository_slices_slice_pk" PRIMARY KEY("repository","slices","slice")
);
--> statement-breakpoint
CREATE INDEX "copy_runs_by_source" ON "copy_runs" USING btree ("service","source","to_repository","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "copy_runs_one_live" ON "copy_runs" USING btree ("service","source","to_repository") WHERE state = 'running';