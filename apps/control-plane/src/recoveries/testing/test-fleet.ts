import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { type ManualClock, manualClock, waitFor } from "@muster/core/testing";
import type { OpenDatabase } from "@muster/database";
import { type ApiRecovery, recoverySchema } from "@muster/protocol";
import { planSchema } from "@muster/recovery";
import { insertPoints } from "../../catalog/points-store.ts";
import type { Config } from "../../config.ts";
import type { ControlPlane } from "../../context.ts";
import { insertPlanVersion } from "../../plans/store.ts";
import { prepareRepositories } from "../../repositories/open.ts";
import { type TestControlPlane, testConfig, testControlPlane } from "../../testing/index.ts";
import { registerRecoveries } from "../register.ts";
import { startRecoveries } from "../start.ts";
import { type TestHost, testHost } from "./test-host.ts";

const noon = Date.UTC(2026, 2, 2, 12);

/** Two tiers on two hosts: a database and the shop that stands on it. */
const plan = planSchema.parse({
  version: 1,
  name: "shop",
  timezone: "UTC",
  objectives: { rto: "1h", rpo: "1h" },
  tiers: [
    { tier: 1, name: "Data" },
    { tier: 2, name: "Application" },
  ],
  services: {
    db: {
      tier: 1,
      host: "db-1",
      sources: { orders: {} },
      probes: ["db-up"],
      actions: { stop: "stop-db", start: "start-db" },
    },
    shop: {
      tier: 2,
      host: "app-1",
      dependsOn: ["db"],
      sources: { receipts: {} },
      probes: ["shop-up"],
      actions: { stop: "stop-shop", start: "start-shop" },
    },
  },
  scenarios: { all: { approve: true } },
});

/** The steps of that plan in their only order. */
export const order = [
  "shop/stop",
  "db/stop",
  "db/restore/orders",
  "db/start",
  "db/gate",
  "shop/restore/receipts",
  "shop/start",
  "shop/gate",
];

/** A repository that tests share: making one stretches a passphrase, which takes a while. */
export interface SharedRepository extends Disposable {
  readonly config: Pick<Config, "repositories">;
  /** Puts a plan and a point of every source into a database. */
  fill(cp: Pick<ControlPlane, "db" | "repositories">): Promise<void>;
}

export async function sharedRepository(): Promise<SharedRepository> {
  const folder = mkdtempSync(join(tmpdir(), "muster-recoveries-"));
  const config = testConfig(folder);
  await prepareRepositories(config, silentLogger);
  return {
    config: { repositories: config.repositories },
    async fill(cp) {
      await insertPlanVersion(cp.db, {
        ...{ name: plan.name, version: 1, hash: "plan-hash", files: [], model: plan },
        ...{ appliedAt: new Date(noon), appliedBy: "user:test", forcedReason: null },
      });
      const repository = await cp.repositories.open("main");
      for (const [service, source, host] of [
        ["db", "orders", "db-1"],
        ["shop", "receipts", "app-1"],
      ] as const) {
        const startedAt = noon - 600_000;
        const writer = await repository.domain(service).beginPoint({ source, kind: "files", host, startedAt });
        const point = await writer.commit({ takenAt: startedAt });
        await insertPoints(cp.db, [
          {
            ...{ id: point.id, service, source, sourceType: "files", repository: "main", host, facts: {} },
            ...{ startedAt: new Date(startedAt), takenAt: new Date(startedAt), finishedAt: new Date(startedAt) },
            ...{ logicalBytes: 5_000_000, storedBytes: 10, entries: 0 },
          },
        ]);
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A control plane that recovers a scripted fleet. */
export interface TestFleet extends AsyncDisposable {
  readonly test: TestControlPlane;
  readonly clock: ManualClock;
  readonly hosts: Readonly<Record<"db-1" | "app-1" | "db-2", TestHost>>;
  /** Starts a recovery over the API and gives its id. */
  begin(request?: object): Promise<string>;
  recovery(id: string): Promise<ApiRecovery>;
  act(
    id: string,
    verb: string,
    body?: object,
    role?: "operator" | "approver" | "admin",
  ): ReturnType<TestControlPlane["call"]>;
  /** Lets hosts work until the recovery fits; moves the clock a little each time. */
  until(id: string, what: string, fits: (recovery: ApiRecovery) => boolean): Promise<ApiRecovery>;
  /** Ends this control plane as a crash does, and starts another over the same database; the hosts come back to it. */
  restart(): Promise<void>;
}

export async function testFleet(
  database: OpenDatabase,
  repository: SharedRepository,
  { online = ["db-1", "app-1"] }: { readonly online?: readonly string[] } = {},
): Promise<TestFleet> {
  const clock = manualClock(noon);
  const dbParts = { sources: ["orders"], probes: ["db-up"], actions: ["stop-db", "start-db"] };
  const hosts = {
    "db-1": testHost("db-1", dbParts),
    "db-2": testHost("db-2", dbParts),
    "app-1": testHost("app-1", { sources: ["receipts"], probes: ["shop-up"], actions: ["stop-shop", "start-shop"] }),
  };
  const present = Object.values(hosts).filter(({ name }) => online.includes(name));
  const launch = async () => {
    const test = await testControlPlane({ database, config: repository.config, clock });
    registerRecoveries(test.cp);
    const loop = await startRecoveries(test.cp);
    return { test, loop };
  };
  let current = await launch();
  const end = async (): Promise<void> => {
    for (const host of present) await host.leave();
    await current.loop.stop();
    await current.test[Symbol.asyncDispose]();
  };
  await repository.fill(current.test.cp);
  for (const host of present) await host.connect(current.test);

  const recovery = async (id: string): Promise<ApiRecovery> =>
    recoverySchema.parse((await current.test.call("viewer", `/api/v1/recoveries/${id}`)).json());
  return {
    clock,
    hosts,
    get test() {
      return current.test;
    },
    recovery,
    async begin(request = {}) {
      const answer = await current.test.call("operator", "/api/v1/recoveries", request);
      if (answer.statusCode !== 202) throw new Error(`the recovery was not started: ${answer.body}`);
      return recoverySchema.parse(answer.json()).id;
    },
    act: (id, verb, body = {}, role = "operator") => current.test.call(role, `/api/v1/recoveries/${id}/${verb}`, body),
    until: (id, what, fits) =>
      waitFor(what, async () => {
        for (const host of present) host.pump();
        clock.advance(100);
        const now = await recovery(id);
        return fits(now) ? now : undefined;
      }),
    async restart() {
      await end();
      current = await launch();
      for (const host of present) await host.connect(current.test);
    },
    [Symbol.asyncDispose]: end,
  };
}
