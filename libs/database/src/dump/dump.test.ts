import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  apiTokens,
  auditRecords,
  dumpDatabase,
  hosts,
  loadDump,
  openDatabase,
  recoveryEffects,
  replicas,
} from "../index.ts";
import type { OpenDatabase } from "../open.ts";
import { forEachDatabase, type PostgresServer, startPostgres } from "../testing/index.ts";

const at = new Date("2026-03-29T01:30:00.123Z");

async function fill({ db }: OpenDatabase): Promise<void> {
  const token = { name: 'ä\n"n', role: "admin" as const, createdBy: "user:x", createdAt: at };
  const tokens = Array.from({ length: 1203 }, (_, n) => ({ ...token, id: `t${n}`, hash: `h${n}` }));
  await db.insert(apiTokens).values(tokens);
  const record = { at, actor: "user:x", action: "a", subject: "s", previous: "p", hash: "h" };
  await db.insert(auditRecords).values({ ...record, seq: 2 ** 50, details: { deep: [1.5, null, { "": "é" }] } });
  await db.insert(hosts).values({ id: "h1", name: "db-1", enrolledAt: at, clockOffsetMs: 0.1 + 0.2 });
  for (const recoveryId of ["a", "b"])
    await db.insert(recoveryEffects).values({ recoveryId, effect: {}, createdAt: at });
  await db.insert(replicas).values({ id: "r", leaseUntil: at });
}

async function dumpOf({ db }: OpenDatabase): Promise<string[]> {
  const lines: string[] = [];
  await dumpDatabase(db, async (line) => void lines.push(line));
  return lines;
}

async function* read(lines: readonly string[]) {
  yield* lines;
}

forEachDatabase("a dump", (open) => {
  it("brings everything into an empty PostgreSQL or PGlite, to the last microsecond and digit", async () => {
    await using origin = await open();
    await fill(origin);
    await origin.db.execute(sql`update hosts set last_seen_at = '2026-01-01 00:00:00.123456+00'`);
    const lines = await dumpOf(origin);
    await using server = await startPostgres();
    const url = await server.createDatabase();
    expect(await loadDump({ url }, read(lines))).toBe(1207);
    await using copy = await openDatabase({ url });
    expect(await dumpOf(copy)).toEqual(lines);
    expect(await copy.db.$count(replicas)).toBe(0);
    const [effect] = await copy.db
      .insert(recoveryEffects)
      .values({ recoveryId: "c", effect: {}, createdAt: at })
      .returning();
    expect(effect?.seq).toBe(3);
  });

  it("is of one moment: what is written meanwhile is in all of it or in none", async () => {
    await using origin = await open();
    await fill(origin);
    const lines: string[] = [];
    let later: Promise<unknown> | undefined;
    await dumpDatabase(origin.db, async (line) => {
      lines.push(line);
      later ??= origin.db.update(apiTokens).set({ name: "changed" });
    });
    await later;
    expect(lines.join("\n")).not.toContain("changed");
    expect((await dumpOf(origin)).join("\n")).toContain("changed");
  });
});

describe("loading a dump", () => {
  let server: PostgresServer;
  let lines: string[];
  beforeAll(async () => {
    server = await startPostgres();
    await using origin = await openDatabase({});
    await fill(origin);
    lines = await dumpOf(origin);
  });
  afterAll(() => server.stop());

  it.each([
    ["is cut off", () => lines.slice(0, -1), "repository-corrupt"],
    ["lacks a row", () => lines.toSpliced(5, 1), "repository-corrupt"],
    ["is something else", () => ["{}", ...lines], "repository-corrupt"],
    [
      "is of a later version",
      () => [JSON.stringify({ ...JSON.parse(lines[0] ?? ""), version: 2 })],
      "version-mismatch",
    ],
    [
      "has later migrations",
      () => [JSON.stringify({ ...JSON.parse(lines[0] ?? ""), migrations: 999 })],
      "version-mismatch",
    ],
  ])("stores nothing when it %s", async (_how, broken, code) => {
    const url = await server.createDatabase();
    await expect(loadDump({ url }, read(broken()))).rejects.toMatchObject({ code });
    await using database = await openDatabase({ url });
    expect(await database.db.$count(apiTokens)).toBe(0);
  });

  it("touches no database that holds something", async () => {
    const url = await server.createDatabase();
    await loadDump({ url }, read(lines));
    await expect(loadDump({ url }, read(lines))).rejects.toMatchObject({ code: "conflict" });
  });

  it("of an older schema is brought up to date by the next opening", async () => {
    const url = await server.createDatabase();
    const older = lines.filter((line) => !line.includes('"hosts"') && !line.includes('"replicas"'));
    const dropped = lines.length - older.length;
    const head = JSON.stringify({ ...JSON.parse(older[0] ?? ""), migrations: 2 });
    const end = JSON.stringify({ rows: JSON.parse(lines.at(-1) ?? "").rows - dropped });
    await loadDump({ url }, read([head, ...older.slice(1, -1), end]));
    await using database = await openDatabase({ url });
    expect(await database.db.$count(apiTokens)).toBe(1203);
    expect(await database.db.$count(replicas)).toBe(0); // the table of a later migration is there
  });
});
