import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Logger, newId } from "@muster/core";
import { openDatabase } from "@muster/database";
import { ensureAdminToken } from "./access/admin-token.ts";
import { type CommandEngine, createCommandEngine } from "./commands/bus.ts";
import { startCommandLoop } from "./commands/loop.ts";
import type { Config } from "./config.ts";
import type { ControlPlane } from "./context.ts";
import { registrations, starters } from "./domains.ts";
import { createEventBus } from "./events/bus.ts";
import { beginPresence, startPresence } from "./hosts/presence.ts";
import { createSessions, type SessionRegistry } from "./hosts/sessions.ts";
import { listenForHttp } from "./http/listen.ts";
import { writePrivateFile } from "./private-file.ts";
import { createRepositories, prepareRepositories } from "./repositories/open.ts";
import { openAuthority } from "./rpc/authority.ts";
import { createIdentity } from "./rpc/identity.ts";
import { listenForAgents } from "./rpc/listen.ts";
import { startVault } from "./vault/start.ts";

/** Where a control plane can be reached; also in `endpoints.json` of its data folder. */
export interface Endpoints {
  readonly http: string;
  readonly enrol: string;
  readonly session: string;
  /** Only where a repository lies in the vault. */
  readonly vault?: string;
  /** SHA-256 of the certificate authority's DER, hex. */
  readonly fingerprint: string;
  /** The file with the first admin's token. */
  readonly adminToken: string;
}

export interface RunningControlPlane extends AsyncDisposable {
  readonly cp: ControlPlane;
  readonly endpoints: Endpoints;
  /** Says goodbye to agents, ends what runs in the background and closes the database. */
  stop(): Promise<void>;
}

/**
 * Starts a control plane: database, repositories, authority, handlers, then the listeners. What was begun is ended again
 * when a later part fails. Throws `database-unavailable`, `data-in-use`, `port-in-use`, `config-invalid`.
 */
export async function startControlPlane(
  config: Config,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<RunningControlPlane> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(stack, config, clock, log);
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function start(
  stack: AsyncDisposableStack,
  config: Config,
  clock: Clock,
  log: Logger,
): Promise<RunningControlPlane> {
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const directory = join(config.dataDirectory, "database");
  const database = stack.use(await openDatabase({ url: config.databaseUrl, directory }));
  await prepareRepositories(config, log);
  const authority = await openAuthority(config.dataDirectory, clock.now());

  let ports: { enrol: number; session: number; vault: number | undefined } = { enrol: 0, session: 0, vault: undefined };
  const identity = createIdentity(authority, config, clock, () => ports);
  const { cp, commands, sessions } = assemble({ config, db: database.db, clock, log, identity });
  stack.defer(() => commands.close());
  await beginPresence(cp, sessions);
  const adminToken = await ensureAdminToken(cp);
  for (const register of registrations) register(cp);

  const vault = await startVault(cp, authority);
  stack.defer(async () => vault?.close());
  ports = { ...ports, vault: vault?.port };
  const agents = await listenForAgents({ cp, commands, sessions }, authority, { config, clock });
  stack.defer(() => agents.close());
  stack.defer(() => sessions.endAll("host-offline", "the control plane is stopping"));
  ports = { ...ports, ...agents.ports };
  const http = await listenForHttp(cp);
  stack.defer(() => http.close());
  stack.use(startPresence(cp, sessions));
  stack.use(startCommandLoop(cp, commands));
  for (const starter of starters) {
    const started = await starter(cp);
    stack.defer(() => started.stop());
  }
  const endpoints = { http: http.url, ...identity.endpoints(), fingerprint: authority.fingerprint, adminToken };
  const written = { ...endpoints, pid: process.pid };
  await writePrivateFile(join(config.dataDirectory, "endpoints.json"), `${JSON.stringify(written, undefined, 2)}\n`);
  const stop = (): Promise<void> => stack.disposeAsync();
  return { cp, endpoints, stop, [Symbol.asyncDispose]: stop };
}

/** The ports to the world, wired to each other. */
export function assemble(parts: Pick<ControlPlane, "config" | "db" | "clock" | "log" | "identity">): {
  readonly cp: ControlPlane;
  readonly commands: CommandEngine;
  readonly sessions: SessionRegistry;
} {
  const { config, db, clock, log, identity } = parts;
  const repositories = createRepositories(config, () => identity.endpoints().vault);
  const sessions = createSessions(newId("rep"), (host, err) =>
    log.error({ err, host }, "the schedule could not be sent"),
  );
  const commands = createCommandEngine({ db, clock, log, repositories, links: sessions });
  const cp = { ...parts, events: createEventBus(clock), repositories, sessions, commands };
  return { cp, commands, sessions };
}
