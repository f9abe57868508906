import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createFileStore } from "@muster/object-store";
import { addKey, initRepository, newKeyPair, type Repository } from "@muster/repository";
import { type KeyService, startKeyService } from "@muster/repository/testing";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { createSource, type SourceConfig, sourceConfigSchema } from "../sources/registry.ts";
import { startPostgres, type TestPostgres } from "../testing/postgres-server.ts";
import { startRedis } from "../testing/redis-server.ts";
import { testContext } from "../testing/source-context.ts";
import { type BreakGlassOptions, breakGlass } from "./break-glass.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "muster-glass-db-"));
const place = join(folder, "repository");
const keys = { passphrase: join(folder, "main.key"), privateKey: join(folder, "safe.key"), kms: "kms" };
const signal = AbortSignal.timeout(600_000);
let repository: Repository;
let service: KeyService;
let origin: TestPostgres;
let lines: string[];

beforeAll(async () => {
  writeFileSync(keys.passphrase, "a passphrase\n");
  const store = await createFileStore(place);
  const given = { passphrase: "a passphrase" };
  repository = await initRepository(store, given);
  service = await startKeyService();
  for (const [name, value] of Object.entries(service.environment)) vi.stubEnv(name, value);
  const { publicKey, privateKey } = newKeyPair();
  writeFileSync(keys.privateKey, `# in the safe\n${privateKey}\n`);
  await addKey(store, given, { publicKey });
  await addKey(store, given, { kmsKey: await service.createKey() });

  origin = await startPostgres();
  await origin.query("CREATE ROLE app LOGIN PASSWORD 'app-secret'");
  await origin.query("CREATE DATABASE orders OWNER app");
  await origin.query(
    "CREATE TABLE item AS SELECT n AS id, md5(n::text) AS text FROM generate_series(1, 5000) n",
    "orders",
  );
  const config = { type: "postgres", port: origin.port, passwordEnv: "unused" };
  await backUp("orders-db", "orders", config, { password: origin.password });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await service.stop();
  await origin[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lines = [];
});

async function backUp(service: string, name: string, config: object, secrets: Record<string, string>): Promise<void> {
  await using context = await testContext();
  const source = await createSource(name, parsed(config), secrets);
  const spec = { source: name, kind: source.type, host: "db-1", startedAt: 1 };
  const writer = await repository.domain(service).beginPoint(spec);
  await writer.commit(await source.backup(context, writer));
}

const parsed = (config: object): SourceConfig => sourceConfigSchema.parse(config);

function glass(options: Partial<BreakGlassOptions>): Promise<void> {
  const all = { repository: place, key: keys.passphrase, point: "latest", state: join(folder, "state"), ...options };
  return breakGlass(all, signal, (line) => lines.push(line));
}

async function withPassword<T>(server: { readonly password: string }, work: (file: string) => Promise<T>): Promise<T> {
  const file = join(folder, "server.password");
  writeFileSync(file, `${server.password}\n`);
  return work(file);
}

const rows = (server: TestPostgres) =>
  server.query("SELECT count(*)::int AS n, md5(string_agg(i::text, '|' ORDER BY id)) AS sum FROM item i", "orders");

it.each(["passphrase", "privateKey", "kms"] as const)(
  "brings a PostgreSQL point into a fresh server with the key of kind %s",
  async (kind) => {
    await using fresh = await startPostgres();
    await withPassword(fresh, (passwordFile) =>
      glass({
        key: keys[kind],
        service: "orders-db",
        onto: `postgres://postgres@127.0.0.1:${fresh.port}`,
        passwordFile,
        state: join(folder, `state-${kind}`),
      }),
    );
    expect(await rows(fresh)).toEqual(await rows(origin));
    expect(
      await fresh.query("SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'orders'"),
    ).toEqual([{ owner: "app" }]);
  },
);

it("does not touch a server that holds other data, unless it is told to; then there is a way back", async () => {
  await using other = await startPostgres();
  await other.query("CREATE DATABASE orders");
  await other.query("CREATE TABLE item AS SELECT 1 AS id, 'precious' AS text", "orders");
  const precious = await rows(other);
  await withPassword(other, async (passwordFile) => {
    const onto = `postgres://postgres@127.0.0.1:${other.port}`;
    const request = { service: "orders-db", onto, passwordFile, state: join(folder, "state-other") };
    await expect(glass(request)).rejects.toMatchObject({ code: "wrong-target" });
    expect(await rows(other)).toEqual(precious);
    await glass({ ...request, allowNewTarget: true });
    expect(await rows(other)).toEqual(await rows(origin));
    await glass({ ...request, rollBack: true });
    expect(await rows(other)).toEqual(precious);
  });
});

it("writes dumps, and the commands that it prints bring them back as they stand", async () => {
  await using fresh = await startPostgres();
  const into = join(folder, "dumps");
  await glass({ service: "orders-db", into });
  const commands = lines.filter((line) => /^ {2}(psql|createdb|pg_restore) /.test(line));
  expect(commands).toHaveLength(3);
  const env = {
    ...process.env,
    PGHOST: "127.0.0.1",
    PGPORT: String(fresh.port),
    PGUSER: "postgres",
    PGPASSWORD: fresh.password,
  };
  for (const command of commands) await run("sh", ["-c", command], { env });
  expect(await rows(fresh)).toEqual(await rows(origin));
});

it("brings a Redis point into the data directory of a stopped server", async () => {
  await using redis = await startRedis();
  for (let n = 0; n < 100; n++) await redis.call("SET", `key:${n}`, `value ${n}`);
  const before = await redis.call("DEBUG", "DIGEST");
  const config = { type: "redis", port: redis.port, dataDirectory: redis.dataDirectory };
  await backUp("cache", "carts", config, { password: redis.password });
  const onto = `redis://${redis.dataDirectory}?port=${redis.port}`;
  await withPassword(redis, async (passwordFile) => {
    await expect(glass({ service: "cache", onto, passwordFile })).rejects.toMatchObject({ code: "source-running" });
    await redis.stop("SIGKILL");
    rmSync(redis.dataDirectory, { recursive: true });
    await glass({ service: "cache", onto, passwordFile, key: keys.privateKey });
  });
  await redis.start();
  expect(await redis.call("DEBUG", "DIGEST")).toBe(before);
});

it("feeds a command source's point to the program that an agent.yaml names, and no other source", async () => {
  const file = join(folder, "ledger");
  writeFileSync(file, "the ledger");
  const config = {
    type: "command",
    backup: ["cat", file],
    restore: ["tee", file],
    moveAside: ["mv", file, `${file}.aside`],
    rollBack: ["mv", `${file}.aside`, file],
  };
  await backUp("books", "ledger", config, {});
  writeFileSync(file, "burnt");
  const agentYaml = join(folder, "agent.yaml");
  const sources = { ledger: config, files: { type: "files", root: folder } };
  writeFileSync(agentYaml, JSON.stringify({ data: join(folder, "agent"), sources }));
  const request = { service: "books", onto: agentYaml };
  await expect(glass({ ...request, as: "nothing" })).rejects.toMatchObject({ code: "source-unknown" });
  await expect(glass({ ...request, as: "files" })).rejects.toMatchObject({ code: "wrong-target" });
  await glass(request);
  expect(readFileSync(file, "utf8")).toBe("the ledger");
  await glass({ ...request, rollBack: true });
  expect(readFileSync(file, "utf8")).toBe("burnt");
});

it.each(["ftp://host", "postgres://user:secret@host", "redis://"])(
  "refuses the target %s before anything is touched",
  async (onto) => {
    await expect(glass({ service: "orders-db", onto })).rejects.toMatchObject({ code: "usage" });
  },
);
