import { hosts } from "@muster/database";
import type { ApiFinding } from "@muster/protocol";
import { fromJson, type Inventory, InventorySchema } from "@muster/protocol/grpc";
import type { Plan, Service } from "@muster/recovery";
import { isNull } from "drizzle-orm";
import type { Tx } from "../context.ts";

/**
 * What a plan names but the fleet does not have now: hosts that are not enrolled; sources, probes and actions that are
 * not in their host's agent.yaml. Warnings, because a plan may be applied before its hosts are there.
 */
export async function liveFindings(tx: Tx, plan: Plan): Promise<ApiFinding[]> {
  const inventories = await enrolledInventories(tx);
  return Object.entries(plan.services).flatMap(([name, service]) => {
    const inventory = inventories.get(service.host);
    if (inventory === undefined) return [hostUnknown(name, service.host)];
    // An enrolled host that has never connected has declared nothing yet.
    return inventory === "none" ? [hostSilent(name, service.host)] : missingParts(name, service, inventory);
  });
}

async function enrolledInventories(tx: Tx): Promise<Map<string, Inventory | "none">> {
  const rows = await tx.select().from(hosts).where(isNull(hosts.revokedAt));
  return new Map(rows.map((row) => [row.name, row.inventory === null ? "none" : parseInventory(row.inventory)]));
}

function parseInventory(json: Record<string, unknown>): Inventory {
  // It was made by toJson, so it is plain JSON.
  return fromJson(InventorySchema, json as Parameters<typeof fromJson>[1], { ignoreUnknownFields: true });
}

function hostUnknown(service: string, host: string): ApiFinding {
  return {
    code: "live-host-unknown",
    severity: "warning",
    message: `service ${service} lives on host ${host}, which is not enrolled`,
    hint: `Enrol it: muster token create --host ${host}`,
    path: `services.${service}.host`,
  };
}

function hostSilent(service: string, host: string): ApiFinding {
  return {
    code: "live-host-silent",
    severity: "warning",
    message: `host ${host} of service ${service} is enrolled, but its agent has never connected`,
    hint: "Start muster-agent on it.",
    path: `services.${service}.host`,
  };
}

function missingParts(name: string, service: Service, inventory: Inventory): ApiFinding[] {
  const has = {
    sources: new Set(inventory.sources.map((source) => source.name)),
    probes: new Set(inventory.probes.map((probe) => probe.name)),
    actions: new Set(inventory.actions),
  };
  const actions = Object.entries(service.actions).flatMap(([verb, action]) =>
    action === undefined ? [] : [{ verb, action }],
  );
  return [
    ...Object.keys(service.sources)
      .filter((source) => !has.sources.has(source))
      .map((source) => missing("source", source, service.host, `services.${name}.sources.${source}`)),
    ...service.probes
      .filter((probe) => !has.probes.has(probe))
      .map((probe) => missing("probe", probe, service.host, `services.${name}.probes`)),
    ...actions
      .filter(({ action }) => !has.actions.has(action))
      .map(({ verb, action }) => missing("action", action, service.host, `services.${name}.actions.${verb}`)),
  ];
}

function missing(kind: "source" | "probe" | "action", what: string, host: string, path: string): ApiFinding {
  return {
    code: `live-${kind}-unknown`,
    severity: "warning",
    message: `host ${host} has no ${kind} "${what}" in its agent.yaml`,
    hint: `Declare it under ${kind}s in agent.yaml on ${host}, or correct the name.`,
    path,
  };
}
