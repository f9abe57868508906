import type { PublicService, PublicTier, PublicView } from "./public-view.ts";
import { publicId } from "./public-view.ts";
import { incidentsOf } from "./statuspage-incidents.ts";

/** A component of the Statuspage v2 API; groups have `group: true` and list their members. */
export interface Component {
  readonly id: string;
  readonly name: string;
  readonly status: PublicService["status"];
  readonly created_at: string;
  readonly updated_at: string;
  readonly position: number;
  readonly description: string | null;
  readonly showcase: boolean;
  readonly start_date: string | null;
  readonly group_id: string | null;
  readonly page_id: string;
  readonly group: boolean;
  readonly only_show_if_degraded: boolean;
  readonly components?: readonly string[];
}

const worstFirst = [
  "major_outage",
  "partial_outage",
  "degraded_performance",
  "under_maintenance",
  "operational",
] as const;

/** The page object that every document begins with. `url` is where this page is seen. */
export function pageOf(view: PublicView, url: string) {
  return { id: pageId(view), name: view.title, url, time_zone: view.timezone, updated_at: view.at };
}

export function pageId(view: PublicView): string {
  return publicId("page", view.title);
}

/** The overall state, in Statuspage's words. */
export function statusOf(view: PublicView) {
  return { indicator: view.indicator, description: view.description };
}

/** Tiers as groups, each followed by its services. */
export function componentsOf(view: PublicView, createdAt: string): Component[] {
  return view.tiers.flatMap((tier, index) => [
    groupComponent(view, tier, index + 1, createdAt),
    ...tier.services.map((service, position) =>
      serviceComponent(view, service, { tier, position: position + 1, createdAt }),
    ),
  ]);
}

function groupComponent(view: PublicView, tier: PublicTier, position: number, createdAt: string): Component {
  const status = worstFirst.find((state) => tier.services.some((service) => service.status === state)) ?? "operational";
  const changes = tier.services.map((service) => service.since ?? createdAt);
  return {
    ...commonFields(view, createdAt),
    id: tier.id,
    name: tier.name,
    status,
    updated_at: changes.sort().at(-1) ?? createdAt,
    position,
    description: null,
    group_id: null,
    group: true,
    components: tier.services.map(({ id }) => id),
  };
}

function serviceComponent(
  view: PublicView,
  service: PublicService,
  { tier, position, createdAt }: { tier: PublicTier; position: number; createdAt: string },
): Component {
  return {
    ...commonFields(view, createdAt),
    id: service.id,
    name: service.name,
    status: service.status,
    updated_at: service.since ?? createdAt,
    position,
    description: service.description ?? null,
    group_id: tier.id,
    group: false,
  };
}

function commonFields(view: PublicView, createdAt: string) {
  return {
    created_at: createdAt,
    showcase: false,
    start_date: null,
    page_id: pageId(view),
    only_show_if_degraded: false,
  };
}

/** All documents of the Statuspage v2 API, by the name in their path; a client of Statuspage reads them unchanged. */
export function statuspageDocuments(view: PublicView, site: { url: string; createdAt: string }) {
  const page = pageOf(view, site.url);
  const components = componentsOf(view, site.createdAt);
  const incidents = incidentsOf(view, components, site.url);
  const unresolved = incidents.filter((incident) => incident.resolved_at === null);
  // Maintenance is not announced with Muster yet, so there is really none.
  const none = { page, scheduled_maintenances: [] };
  const status = statusOf(view);
  return {
    summary: { page, components, incidents: unresolved, scheduled_maintenances: [], status },
    status: { page, status },
    components: { page, components },
    incidents: { page, incidents },
    "incidents/unresolved": { page, incidents: unresolved },
    "scheduled-maintenances": none,
    "scheduled-maintenances/upcoming": none,
    "scheduled-maintenances/active": none,
  };
}
