import { createLogger, systemClock } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import type { ObjectStore } from "@muster/object-store";
import { memoryStore } from "@muster/object-store/testing";
import { type Domain, type DomainGrant, initRepository, openDomain, type SourceLog } from "@muster/repository";
import { startPostgres, type TestPostgres } from "../../../../testing/index.ts";
import { postgresConfigSchema } from "../../config.ts";
import { parseLsn } from "../lsn.ts";
import { keepStreaming } from "../stream/keep-streaming.ts";
import type { WalStatus } from "../stream/status.ts";
import { type StatusBoard, statusBoard } from "../stream/status-board.ts";

/** What streams a server's WAL into a repository in memory, for tests. */
export interface ProtectedServer extends AsyncDisposable {
  readonly server: TestPostgres;
  readonly domain: Domain;
  status(): WalStatus;
  /** Waits until everything that is flushed on the server now is durable. */
  caughtUp(): Promise<bigint>;
  /** The log as a reader opens it. */
  log(): Promise<SourceLog>;
  /** Ends streaming, as when the agent is stopped. */
  stop(): Promise<void>;
  /** Streams again with a new state, as a new agent does. */
  resume(): void;
}

type Server = Pick<TestPostgres, "host" | "port" | "user" | "query"> & { readonly password?: string };

export interface ProtectOptions {
  readonly server?: TestPostgres;
  /** Wraps the store that the agent writes to. */
  readonly wrap?: (store: ObjectStore) => ObjectStore;
  readonly flushEvery?: number;
  readonly source?: string;
  readonly expect?: { readonly systemIdentifier?: string };
  readonly store?: ReturnType<typeof memoryStore>;
  readonly grant?: DomainGrant;
}

const passphrase = "for tests";

export function clusterOf(server: Server, expect: { readonly systemIdentifier?: string } = {}) {
  const { host, port, user, password } = server;
  return { config: postgresConfigSchema.parse({ type: "postgres", host, port, user, expect }), password };
}

export async function protectServer(options: ProtectOptions = {}): Promise<ProtectedServer> {
  const server = options.server ?? (await startPostgres());
  const store = options.store ?? memoryStore();
  const grant = options.grant ?? (await initRepository(store, { passphrase })).grant("orders");
  const domain = await openDomain(options.wrap?.(store) ?? store, grant);
  const source = options.source ?? "main";
  let running: { board: StatusBoard; stop: AbortController; ended: Promise<void> };
  const resume = (): void => {
    const board = statusBoard(systemClock);
    const stop = new AbortController();
    const ended = keepStreaming(
      {
        cluster: clusterOf(server, options.expect),
        ...{ domain, source, slot: "muster_main", board, clock: systemClock },
        flushEvery: options.flushEvery ?? 100,
        logger: createLogger("wal", "fatal"),
      },
      stop.signal,
    );
    running = { board, stop, ended };
  };
  resume();
  const stop = async (): Promise<void> => {
    running.stop.abort();
    await running.ended;
  };
  return {
    server,
    domain,
    status: () => running.board.read(),
    async caughtUp() {
      const [row] = await server.query("SELECT pg_current_wal_flush_lsn()::text AS lsn");
      const flushed = parseLsn(String(row?.lsn));
      await waitFor(
        "WAL to be durable",
        () => {
          const { durable } = running.board.read();
          return durable !== undefined && parseLsn(durable) >= flushed;
        },
        { timeout: 60_000 },
      ).catch((thrown: unknown) => {
        throw new Error(`${String(thrown)}: ${JSON.stringify(running.board.read())}`);
      });
      return flushed;
    },
    async log() {
      const reader = await openDomain(store, grant);
      const [identity = ""] = await reader.logIdentities(source);
      return reader.readLog(source, identity);
    },
    stop,
    resume,
    async [Symbol.asyncDispose]() {
      await stop();
      if (options.server === undefined) await server[Symbol.asyncDispose]();
    },
  };
}
