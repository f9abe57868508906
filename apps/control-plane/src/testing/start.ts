import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { type ManualClock, manualClock } from "@muster/core/testing";
import type { OpenDatabase } from "@muster/database";
import { openTestDatabase } from "@muster/database/testing";
import type { Role } from "@muster/protocol";
import type { LightMyRequestResponse } from "fastify";
import { createApiToken } from "../access/callers.ts";
import type { CommandEngine } from "../commands/bus.ts";
import type { Config } from "../config.ts";
import type { ControlPlane } from "../context.ts";
import type { SessionRegistry } from "../hosts/sessions.ts";
import { buildApp } from "../http/app.ts";
import type { App } from "../http/app-types.ts";
import { openAuthority } from "../rpc/authority.ts";
import { createIdentity } from "../rpc/identity.ts";
import { assemble } from "../start.ts";

/** A control plane for tests: real database, bus, sessions and routes; the clock is moved by hand, nothing listens. */
export interface TestControlPlane extends AsyncDisposable {
  readonly cp: ControlPlane;
  readonly commands: CommandEngine;
  readonly sessions: SessionRegistry;
  readonly clock: ManualClock;
  readonly app: App;
  /** A bearer token of this role. */
  token(role: Role): Promise<string>;
  /** Calls the API as this role; a body makes it a POST. */
  call(role: Role, url: string, body?: object, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
}

export interface TestOptions {
  /** Opened by the caller, who may keep it to start a second control plane over it; default: PGlite in memory. */
  readonly database?: OpenDatabase;
  readonly config?: Partial<Config>;
  readonly clock?: ManualClock;
}

export function testConfig(dataDirectory: string, changes: Partial<Config> = {}): Config {
  return {
    dataDirectory,
    http: { host: "127.0.0.1", port: 0 },
    grpc: { host: "127.0.0.1", sessionPort: 0, enrolPort: 0, advertise: "127.0.0.1" },
    agents: { certificateLifeMs: 86_400_000, heartbeatSeconds: 10 },
    repositories: { main: { url: join(dataDirectory, "repository"), keyFile: join(dataDirectory, "main.key") } },
    ownBackups: { everyMs: undefined, repositories: ["main"] },
    namedFiles: [],
    vault: { port: 0, keepFree: 0 },
    statusTitle: "Test",
    ...changes,
  };
}

/** Assembles one; `await using` it. */
export async function testControlPlane(options: TestOptions = {}): Promise<TestControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "muster-control-plane-"));
  const database = options.database ?? (await openTestDatabase());
  const clock = options.clock ?? manualClock();
  const config = testConfig(folder, options.config);
  const authority = await openAuthority(folder, clock.now());
  const identity = createIdentity(authority, config, clock, () => ({ enrol: 7444, session: 7443, vault: 7445 }));
  const { cp, commands, sessions } = assemble({ config, db: database.db, clock, log: silentLogger, identity });
  const app = await buildApp(cp);
  const token = async (role: Role): Promise<string> => {
    const created = await createApiToken(cp.db, clock.now(), { name: `test-${role}`, role, createdBy: "system" });
    return created.token;
  };
  return {
    ...{ cp, commands, sessions, clock, app, token },
    async call(role, url, body, headers = {}) {
      const all = { ...headers, authorization: `Bearer ${await token(role)}` };
      return app.inject(body === undefined ? { url, headers: all } : { method: "POST", url, body, headers: all });
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      sessions.endAll("host-offline", "the test is over");
      await commands.close();
      if (options.database === undefined) await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
