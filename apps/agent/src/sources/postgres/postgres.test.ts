import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryPoint } from "../../testing/memory-point.ts";
import { startPostgres, type TestPostgres } from "../../testing/postgres-server.ts";
import { requestFor, testContext } from "../../testing/source-context.ts";
import { createPostgresSource, postgresConfigSchema } from "./index.ts";
import { addIdentifier } from "./lineage.ts";

const odd = `Ord'ers; "x" = y`;
const quotedOdd = `"Ord'ers; ""x"" = y"`;

function sourceOf(server: TestPostgres, more: Record<string, unknown> = {}) {
  const config = postgresConfigSchema.parse({ type: "postgres", port: server.port, ...more });
  return createPostgresSource("main-db", config, { password: server.password });
}

/** Roles with passwords, settings, grants, a large object, a database with a difficult name. */
async function fill(server: TestPostgres): Promise<void> {
  await server.query("CREATE ROLE app LOGIN PASSWORD 'app-secret'");
  await server.query("CREATE ROLE auditor");
  await server.query("CREATE DATABASE orders OWNER app");
  await server.query(`CREATE DATABASE ${quotedOdd}`);
  await server.query("REVOKE CONNECT ON DATABASE orders FROM PUBLIC");
  await server.query("GRANT CONNECT ON DATABASE orders TO auditor");
  await server.query("ALTER DATABASE orders CONNECTION LIMIT 17");
  await server.query(`ALTER DATABASE orders SET search_path = "$user", public, "odd, name"`);
  await server.query("ALTER ROLE app IN DATABASE orders SET work_mem = '8MB'");
  await server.query("COMMENT ON DATABASE orders IS 'it''s the \\one'");
  await server.query(
    "CREATE TABLE item AS SELECT n AS id, md5(n::text) AS text FROM generate_series(1, 5000) n",
    "orders",
  );
  await server.query("ALTER TABLE item OWNER TO app; ALTER TABLE item ADD PRIMARY KEY (id)", "orders");
  await server.query("SELECT lo_from_bytea(4711, convert_to(repeat('large', 10000), 'UTF8'))", "orders");
  await server.query("CREATE TABLE t AS SELECT 'ä' AS v", odd);
}

/** Everything that a restore must bring back, as one value. */
async function fingerprint(server: TestPostgres) {
  const rows = `SELECT md5(string_agg(i::text, '|' ORDER BY id)) AS sum, count(*)::int AS count FROM item i`;
  const properties = `SELECT pg_get_userbyid(datdba) AS owner, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a) AS acl, datconnlimit, shobj_description(oid, 'pg_database') AS comment,
      (SELECT array_agg(coalesce(pg_get_userbyid(nullif(setrole, 0)), '-') || ':' || setconfig::text ORDER BY setrole::text)
         FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings FROM pg_database d WHERE datname = 'orders'`;
  return {
    rows: await server.query(rows, "orders"),
    large: await server.query("SELECT md5(lo_get(4711)) AS sum", "orders"),
    odd: await server.query("SELECT v FROM t", odd),
    properties: await server.query(properties),
    roles: await server.query(
      "SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('app', 'auditor') ORDER BY 1",
    ),
  };
}

const databases = async (server: TestPostgres) =>
  (await server.query("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")).map(
    ({ datname }) => datname,
  );

describe("a PostgreSQL source", () => {
  let origin: TestPostgres;
  beforeAll(async () => {
    origin = await startPostgres();
    await fill(origin);
  });
  afterAll(() => origin[Symbol.asyncDispose]());

  it("brings a lost cluster back into a fresh one, row for row, with roles, grants and settings", async () => {
    await using context = await testContext();
    await using fresh = await startPostgres();
    const before = await fingerprint(origin);
    const point = memoryPoint();
    const backup = await sourceOf(origin).backup(context, point.writer);
    const request = requestFor("postgres", backup);

    const findings = await sourceOf(fresh).checkRestore(context, request);
    expect(findings.map(({ severity }) => severity)).toEqual(["info"]);
    const outcome = await sourceOf(fresh).restore(context, point.reader, request);

    expect(outcome).toMatchObject({ items: 2, movedAside: false });
    expect(await fingerprint(fresh)).toEqual(before);
    expect(await databases(fresh)).toEqual([odd, "orders", "postgres"]);
  });

  it("names as the point's moment one that all committed rows of before are in", async () => {
    await using context = await testContext();
    const [now] = await origin.query("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms");
    const { takenAt, facts } = await sourceOf(origin).backup(context, memoryPoint().writer);
    expect(takenAt).toBeGreaterThan(Number(now?.ms) - 50);
    expect(takenAt).toBeLessThanOrEqual(Date.now());
    expect(facts).toMatchObject({ major: 15, startedAtServer: expect.any(Number), clockOffset: expect.any(Number) });
  });

  it("moves the old databases aside, and rolls back to exactly them", async () => {
    await using server = await startPostgres();
    await using context = await testContext();
    await fill(server);
    const source = sourceOf(server);
    const point = memoryPoint();
    const backup = await source.backup(context, point.writer);
    const atPoint = await fingerprint(server);
    await server.query("DELETE FROM item WHERE id > 10", "orders");
    await server.query("ALTER ROLE app PASSWORD 'changed-later'");
    const later = await fingerprint(server);

    const outcome = await source.restore(context, point.reader, requestFor("postgres", backup));
    expect(outcome.movedAside).toBe(true);
    expect(await fingerprint(server)).toEqual(atPoint);
    await source.rollBack(context, "rec_1");

    expect(await fingerprint(server)).toEqual(later);
    expect(await databases(server)).toEqual([odd, "orders", "postgres"]);
    expect(await source.rollBack(context, "rec_1")).toEqual([]);
  });

  it("drops what lay aside when the restore is accepted, after which there is no way back", async () => {
    await using server = await startPostgres();
    await using context = await testContext();
    await fill(server);
    const source = sourceOf(server);
    const point = memoryPoint();
    const backup = await source.backup(context, point.writer);
    await source.restore(context, point.reader, requestFor("postgres", backup));
    expect(await databases(server)).toHaveLength(5);
    await source.accept(context, "rec_1");
    expect(await databases(server)).toEqual([odd, "orders", "postgres"]);
    await expect(source.rollBack(context, "rec_1")).rejects.toMatchObject({ code: "aside-missing" });
  });

  it("backs another cluster than before up, and says in the point that it is another", async () => {
    await using context = await testContext();
    const identifier = String(
      (await origin.query("SELECT system_identifier::text AS id FROM pg_control_system()"))[0]?.id,
    );
    const warningsWith = async (before: string, more: Record<string, unknown> = {}) =>
      (await sourceOf(origin, more).backup(context, memoryPoint().writer, { systemIdentifier: before })).facts.warnings;
    const message = `another PostgreSQL cluster than in the point before: system identifier ${identifier}, was 4711`;
    expect(await warningsWith("4711")).toMatchObject([{ code: "wrong-target", message }]);
    expect(await warningsWith("")).toBeUndefined();
    expect(await warningsWith(identifier)).toBeUndefined();
    expect(await warningsWith("4711", { expect: { systemIdentifier: identifier } })).toBeUndefined();
    expect(await warningsWith(identifier, { expect: { systemIdentifier: "4711" } })).toHaveLength(1);
    await addIdentifier(context, identifier); // as a restore into this cluster does
    expect(await warningsWith("4711")).toBeUndefined();
  });

  it("refuses another cluster that holds data, unless the operator allows it", async () => {
    await using other = await startPostgres();
    await using context = await testContext();
    await other.query("CREATE DATABASE payroll");
    await other.query("CREATE TABLE salary (id int)", "payroll");
    const point = memoryPoint();
    const backup = await sourceOf(origin).backup(context, point.writer);
    const request = requestFor("postgres", backup);
    await expect(sourceOf(other).restore(context, point.reader, request)).rejects.toMatchObject({
      code: "wrong-target",
      message: expect.stringContaining("payroll"),
    });
    expect(await databases(other)).toEqual(["payroll", "postgres"]);
    const findings = await sourceOf(other).checkRestore(context, { ...request, allowNewTarget: true });
    expect(findings.map(({ severity, code }) => [severity, code])).toEqual([["warning", "wrong-target"]]);
  });

  it("refuses a cluster that agent.yaml does not expect", async () => {
    await using context = await testContext();
    const source = sourceOf(origin, { expect: { systemIdentifier: "42" } });
    const backup = await source.backup(context, memoryPoint().writer);
    const findings = await source.checkRestore(context, requestFor("postgres", backup));
    expect(findings).toContainEqual(expect.objectContaining({ severity: "error", code: "wrong-target" }));
  });

  it("finds everything at once: version, extension and space", async () => {
    await using context = await testContext();
    const backup = await sourceOf(origin).backup(context, memoryPoint().writer);
    const large = [{ name: "orders", bytes: 1e18, extensions: ["no_such_extension"] }];
    const facts = { ...backup.facts, major: 99, databases: large };
    const findings = await sourceOf(origin).checkRestore(context, requestFor("postgres", { ...backup, facts }));
    expect(findings.map(({ code }) => code)).toEqual(["version-mismatch", "tool-missing", "space-insufficient"]);
  });

  it("says that the server is down, and that it is worth another try", async () => {
    await using server = await startPostgres();
    await using context = await testContext();
    await server.stop();
    const failure = { code: "source-unavailable", retryable: true };
    await expect(sourceOf(server).backup(context, memoryPoint().writer)).rejects.toMatchObject(failure);
    const [finding] = await sourceOf(server).checkRestore(context, requestFor("postgres", { takenAt: 0, facts: {} }));
    expect(finding).toMatchObject({
      severity: "error",
      code: "source-unavailable",
      hint: expect.stringContaining("initdb"),
    });
  });

  it("fails, and leaves no dump in the point, when the server dies in the middle", async () => {
    await using server = await startPostgres();
    await server.query("CREATE DATABASE big");
    await server.query("CREATE TABLE t AS SELECT repeat(n::text, 200) FROM generate_series(1, 60000) n", "big");
    let stopping: Promise<void> | undefined;
    await using context = await testContext({
      progress: () => {
        stopping ??= server.stop("SIGQUIT");
      },
    });
    const point = memoryPoint();
    await expect(sourceOf(server).backup(context, point.writer)).rejects.toMatchObject({
      code: expect.stringMatching(/^source-(failed|unavailable)$/),
      retryable: true,
    });
    await stopping;
    expect(point.paths().filter((path) => path.endsWith("/dump"))).toEqual([]);
  });

  it("stops at once when it is cancelled, and a repeat of the restore succeeds", async () => {
    await using server = await startPostgres();
    await fill(server);
    await using context = await testContext();
    const source = sourceOf(server);
    const point = memoryPoint();
    const request = requestFor("postgres", await source.backup(context, point.writer));
    const before = await fingerprint(server);
    const abort = new AbortController();
    const progress = (_done: number, _total: number, _unit: string, note: string): void => {
      if (note.startsWith("loading")) abort.abort();
    };
    const cancelled = source.restore({ ...context, signal: abort.signal, progress }, point.reader, request);
    await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
    expect(await fingerprint(server)).toEqual(before);
    await source.restore(context, point.reader, request);
    expect(await fingerprint(server)).toEqual(before);
  });

  it("switches under clients that keep reconnecting", async () => {
    await using server = await startPostgres();
    await fill(server);
    await using context = await testContext();
    const point = memoryPoint();
    const backup = await sourceOf(server).backup(context, point.writer);
    let on = true;
    const client = async (): Promise<void> => {
      while (on) await server.query("SELECT pg_sleep(0.01)", "orders").catch(() => undefined);
    };
    const clients = [client(), client(), client()];
    await sourceOf(server).restore(context, point.reader, requestFor("postgres", backup));
    on = false;
    await Promise.all(clients);
    expect(await server.query("SELECT count(*)::int AS n FROM item", "orders")).toEqual([{ n: 5000 }]);
  });

  it("encrypts, and refuses a server whose certificate it does not trust", async () => {
    await using context = await testContext();
    const trusted = sourceOf(origin, { tls: "verify-full", tlsCaFile: origin.certificate, databases: ["orders"] });
    const point = memoryPoint();
    await trusted.backup(context, point.writer);
    expect(point.content("databases/orders/dump")?.subarray(0, 5).toString()).toBe("PGDMP");
    const stranger = sourceOf(origin, { tls: "verify-full" });
    await expect(stranger.inspect(context)).rejects.toMatchObject({
      code: "source-unavailable",
      message: expect.stringContaining("certificate"),
    });
  });

  it("does not retry a refused password, and names a database that is not there", async () => {
    await using context = await testContext();
    const config = postgresConfigSchema.parse({ type: "postgres", port: origin.port });
    const wrong = createPostgresSource("main-db", config, { password: "wrong" });
    await expect(wrong.inspect(context)).rejects.toMatchObject({ code: "source-unavailable", retryable: false });
    const missing = sourceOf(origin, { databases: ["nowhere"] });
    await expect(missing.backup(context, memoryPoint().writer)).rejects.toMatchObject({ code: "not-found" });
  });

  it("says which tools to install when they are missing", async () => {
    await using context = await testContext();
    const source = sourceOf(origin, { binDirectory: "/nowhere" });
    await expect(source.backup(context, memoryPoint().writer)).rejects.toMatchObject({
      code: "tool-missing",
      hint: expect.stringContaining("postgresql-client-15"),
    });
  });
});
