import { silentLogger } from "@muster/core";
import { type ManualClock, manualClock } from "@muster/core/testing";
import { type OpenDatabase, openDatabase } from "@muster/database";
import { openTestDatabase } from "@muster/database/testing";
import { CommandFinishedSchema, create, type MessageInitShape } from "@muster/protocol/grpc";
import { planSchema } from "@muster/recovery";
import type { CommandBus, CommandHandler, ControlPlane, LiveEvent, NewCommand, Tx } from "../../context.ts";
import { insertPlanVersion } from "../../plans/store.ts";

/** A command bus that keeps what was queued; tests answer in the agents' place. */
export interface RecordingBus extends CommandBus {
  readonly queued: NewCommand[];
  readonly cancelled: string[];
  readonly online: Set<string>;
  readonly handlers: Map<string, CommandHandler>;
}

export interface TestPlane extends AsyncDisposable {
  readonly cp: ControlPlane;
  readonly clock: ManualClock;
  readonly bus: RecordingBus;
  readonly events: LiveEvent[];
  readonly database: OpenDatabase;
}

/** A control plane over PGlite in memory (or a database given), with a clock that tests move. */
export async function testPlane(
  options: { url?: string; repositories?: ControlPlane["repositories"] } = {},
): Promise<TestPlane> {
  const database = options.url === undefined ? await openTestDatabase() : await openDatabase({ url: options.url });
  const clock = manualClock(Date.UTC(2026, 2, 2, 12));
  const bus = recordingBus();
  const events: LiveEvent[] = [];
  const cp: ControlPlane = {
    config: {
      dataDirectory: "/nowhere",
      http: { host: "127.0.0.1", port: 0 },
      grpc: { host: "127.0.0.1", sessionPort: 0, enrolPort: 0, advertise: "127.0.0.1" },
      agents: { certificateLifeMs: 86_400_000, heartbeatSeconds: 10 },
      repositories: {},
      ownBackups: { everyMs: undefined, repositories: [] },
      namedFiles: [],
      vault: { port: 0, keepFree: 0 },
      statusTitle: "Example Status",
    },
    db: database.db,
    clock,
    log: silentLogger,
    events: { publish: (event) => void events.push(event), subscribe: () => () => undefined, since: () => [] },
    commands: bus,
    repositories: options.repositories ?? noRepositories,
    sessions: {
      isOnline: bus.isOnline,
      end: () => undefined,
      provideSchedule: () => undefined,
      sendSchedule: () => undefined,
      storeOfflinePoints: () => undefined,
    },
    identity: {
      fingerprint: "",
      caCertificate: "",
      signAgent: () => Promise.reject(new Error("this test enrols nobody")),
      endpoints: () => ({ enrol: "", session: "" }),
    },
  };
  return { cp, clock, bus, events, database, [Symbol.asyncDispose]: () => database.close() };
}

const noRepositories: ControlPlane["repositories"] = {
  names: () => [],
  url: () => "",
  open: () => Promise.reject(new Error("this test has no repository")),
  openForSweep: () => Promise.reject(new Error("this test has no repository")),
};

function recordingBus(): RecordingBus {
  const queued: NewCommand[] = [];
  const cancelled: string[] = [];
  const handlers = new Map<string, CommandHandler>();
  const online = new Set<string>();
  return {
    queued,
    cancelled,
    online,
    handlers,
    queue: async (_tx, command) => void queued.push(command),
    wake: () => undefined,
    cancel: async (_tx, id) => void cancelled.push(id),
    handle: (owner, handler) => void handlers.set(owner, handler),
    ask: () => Promise.reject(new Error("this test asks no agent")),
    isOnline: (host) => online.has(host),
  };
}

/** A plan as it is written, after defaults: two services on two hosts, backed up every 15 minutes. */
export function examplePlan(changes: Record<string, unknown> = {}) {
  return planSchema.parse({
    version: 1,
    name: "shop",
    timezone: "UTC",
    objectives: { rto: "1h", rpo: "30m" },
    tiers: [
      { tier: 1, name: "Data" },
      { tier: 2, name: "Applications" },
    ],
    policies: { often: { schedule: "every 15m", retention: { last: 2, daily: 2 }, timeout: "10m" } },
    services: {
      db: {
        tier: 1,
        host: "db-1",
        sources: { orders: { policy: "often" }, billing: { policy: "often" } },
        probes: ["db-up"],
      },
      web: { tier: 2, host: "web-1", sources: { config: {} }, dependsOn: ["db"], probes: ["web-up"] },
    },
    ...changes,
  });
}

/** Puts a plan in force without reading YAML. */
export async function putPlan(tx: Tx, model = examplePlan(), version = 1): Promise<void> {
  await insertPlanVersion(tx, {
    name: model.name,
    version,
    hash: `hash-${version}`,
    files: [],
    model,
    appliedAt: new Date(0),
    appliedBy: "user:test",
    forcedReason: null,
  });
}

/** Answers a command as its agent would. */
export async function answer(
  plane: TestPlane,
  command: NewCommand,
  outcome: MessageInitShape<typeof CommandFinishedSchema>["outcome"],
): Promise<void> {
  const finished = create(CommandFinishedSchema, {
    commandId: command.id,
    attempt: command.attempt,
    ...(outcome === undefined ? {} : { outcome }),
  });
  const { id, attempt, ownerId, host } = command;
  await plane.cp.db.transaction(async (tx) => {
    await plane.bus.handlers.get(command.owner)?.finished(tx, { id, attempt, ownerId, host }, finished);
  });
}
