import type { ApiHost } from "@muster/protocol";
import { fromJson, type Inventory, InventorySchema, type Load, LoadSchema } from "@muster/protocol/grpc";
import type { listProbes } from "./probes.ts";
import type { HostRow } from "./store.ts";

type ProbeRow = Awaited<ReturnType<typeof listProbes>>[number];

/** A host as the API shows it. */
export function hostView(row: HostRow, probes: readonly ProbeRow[]): ApiHost {
  const inventory = readInventory(row);
  return {
    name: row.name,
    state: row.revokedAt !== null ? "revoked" : row.online === 1 ? "online" : "offline",
    enrolledAt: row.enrolledAt.toISOString(),
    ...(row.agentVersion === null ? {} : { agentVersion: row.agentVersion }),
    ...(row.lastSeenAt === null ? {} : { lastSeenAt: row.lastSeenAt.toISOString() }),
    ...(row.certificateExpiresAt === null ? {} : { certificateExpiresAt: row.certificateExpiresAt.toISOString() }),
    ...(row.clockOffsetMs === null ? {} : { clockOffsetMs: row.clockOffsetMs }),
    ...loadView(row.load),
    sources: (inventory?.sources ?? []).map(({ name, type, location, facts }) => ({
      ...{ name, type, location },
      facts: facts ?? {},
    })),
    probes: (inventory?.probes ?? []).map(({ name, type, target }) => ({
      ...{ name, type, target },
      ...probeView(
        row,
        probes.find(({ probe }) => probe === name),
      ),
    })),
    actions: inventory?.actions ?? [],
  };
}

/** What the host said it has; undefined before its first session. */
export function readInventory(row: Pick<HostRow, "inventory">): Inventory | undefined {
  return row.inventory === null ? undefined : fromStored(InventorySchema, row.inventory);
}

/** The host's last load, with the moment of the heartbeat that brought it. */
export function readLoad(stored: Record<string, unknown>): { load: Load; at: string } {
  const { at, ...load } = stored;
  return { load: fromStored(LoadSchema, load), at: String(at) };
}

function loadView(stored: Record<string, unknown> | null): Pick<ApiHost, "load"> {
  if (stored === null) return {};
  const { load, at } = readLoad(stored);
  return {
    load: {
      load1: load.load1,
      memoryAvailableBytes: Number(load.memoryAvailableBytes),
      agentRssBytes: Number(load.agentRssBytes),
      disks: load.disks.map(({ path, sizeBytes, freeBytes }) => ({
        path,
        sizeBytes: Number(sizeBytes),
        freeBytes: Number(freeBytes),
      })),
      at,
    },
  };
}

type ProbeView = Omit<ApiHost["probes"][number], "name" | "type" | "target">;

/** A silent host's probes are unknown, whatever they said last. */
function probeView(host: HostRow, probe: ProbeRow | undefined): ProbeView {
  if (probe === undefined) return { state: "unknown" };
  return {
    state: host.online === 1 ? probe.state : "unknown",
    since: probe.since.toISOString(),
    checkedAt: probe.checkedAt.toISOString(),
    message: probe.message,
    ...(probe.latencyMs === null ? {} : { latencyMs: probe.latencyMs }),
  };
}

function fromStored<S extends typeof InventorySchema | typeof LoadSchema>(schema: S, stored: Record<string, unknown>) {
  // It was stored by toJson; an older version may have had fields that this one does not know.
  return fromJson<S>(schema, stored as Parameters<typeof fromJson>[1], { ignoreUnknownFields: true });
}
