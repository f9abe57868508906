import { formatDuration } from "@muster/core";
import { isEnded, type PublicRecovery, type PublicView, publicId, type TierProgress } from "./public-view.ts";
import type { Component } from "./statuspage.ts";

type IncidentStatus = "investigating" | "identified" | "monitoring" | "resolved";

interface IncidentUpdate {
  readonly id: string;
  readonly status: IncidentStatus;
  readonly body: string;
  readonly incident_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly display_at: string;
  readonly affected_components:
    | readonly { code: string; name: string; old_status: string; new_status: string }[]
    | null;
  readonly deliver_notifications: boolean;
  readonly custom_tweet: null;
  readonly tweet_id: null;
}

/** An incident of the Statuspage v2 API. */
export interface Incident {
  readonly id: string;
  readonly name: string;
  readonly status: IncidentStatus;
  readonly created_at: string;
  readonly updated_at: string;
  readonly monitoring_at: string | null;
  readonly resolved_at: string | null;
  readonly impact: "none" | "minor" | "major" | "critical";
  readonly shortlink: string;
  readonly started_at: string;
  readonly page_id: string;
  /** Newest first. */
  readonly incident_updates: readonly IncidentUpdate[];
  readonly components: readonly Component[];
  readonly reminder_intervals: null;
}

/** Real recoveries as incidents, newest first: one update when it began, one per tier, one at its end. */
export function incidentsOf(view: PublicView, components: readonly Component[], url: string): Incident[] {
  return view.recoveries.map((recovery) => incidentOf(view, recovery, components, url));
}

function incidentOf(
  view: PublicView,
  recovery: PublicRecovery,
  components: readonly Component[],
  url: string,
): Incident {
  const affected = components.filter(({ id }) => recovery.services.includes(id));
  const updates = updatesOf(recovery, affected);
  const last = updates[0];
  const status = last?.status ?? "identified";
  const monitoring = updates.findLast((update) => update.status === "monitoring");
  return {
    id: recovery.id,
    name: "Services are being recovered",
    status,
    created_at: iso(recovery.startedAt),
    updated_at: last?.created_at ?? iso(recovery.startedAt),
    monitoring_at: monitoring?.created_at ?? null,
    resolved_at: status === "resolved" ? iso(recovery.finishedAt ?? recovery.startedAt) : null,
    impact: impactOf(view, recovery),
    shortlink: `${url}#recovery-${recovery.id}`,
    started_at: iso(recovery.startedAt),
    page_id: publicId("page", view.title),
    incident_updates: updates,
    components: affected,
    reminder_intervals: null,
  };
}

/** The part of the public services that is concerned. */
function impactOf(view: PublicView, recovery: PublicRecovery): Incident["impact"] {
  const all = view.tiers.reduce((sum, tier) => sum + tier.services.length, 0);
  if (all === 0 || recovery.services.length === 0) return "none";
  if (recovery.services.length === all) return "critical";
  return recovery.services.length * 2 >= all ? "major" : "minor";
}

function updatesOf(recovery: PublicRecovery, affected: readonly Component[]): IncidentUpdate[] {
  const make = (key: string, status: IncidentStatus, body: string, at: number): IncidentUpdate => ({
    id: publicId("update", `${recovery.id}/${key}`),
    status,
    body,
    incident_id: recovery.id,
    created_at: iso(at),
    updated_at: iso(at),
    display_at: iso(at),
    affected_components: null,
    deliver_notifications: false,
    custom_tweet: null,
    tweet_id: null,
  });
  const updates = [
    make("begin", "identified", "We are bringing services back from their recovery points.", recovery.startedAt),
  ];
  for (const tier of recovery.tiers)
    updates.push(...tierUpdates(tier).map(({ key, body, at }) => make(key, "identified", body, at)));
  const end = endOf(
    recovery,
    affected.every(({ status }) => status === "operational"),
  );
  if (end !== undefined) updates.push(make("end", end.status, end.body, end.at));
  return updates.sort((a, b) => a.created_at.localeCompare(b.created_at)).reverse();
}

function tierUpdates({ tier, name, done, total, startedAt, finishedAt }: TierProgress) {
  const began =
    startedAt === undefined ? [] : [{ key: `tier-${tier}`, body: `${name}: recovery has begun.`, at: startedAt }];
  if (finishedAt === undefined) return began;
  return [
    ...began,
    { key: `tier-${tier}-done`, body: `${name}: back (${done} of ${total} steps done).`, at: finishedAt },
  ];
}

interface End {
  readonly status: IncidentStatus;
  readonly body: string;
  readonly at: number;
}

/** The last update. A recovery that failed is resolved only when what it was to bring back is healthy again. */
function endOf({ state, startedAt, finishedAt }: PublicRecovery, healthy: boolean): End | undefined {
  if (!isEnded(state) || finishedAt === undefined) return undefined;
  const took = formatDuration(finishedAt - startedAt);
  const at = finishedAt;
  if (state === "succeeded") return { status: "resolved", body: `All services are back after ${took}.`, at };
  if (healthy)
    return { status: "resolved", body: `The recovery has ended after ${took}; its services are healthy.`, at };
  return {
    status: "identified",
    body: "The recovery has ended, but not everything is back; we are working on it.",
    at,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
