import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { apiTokens, backups, openDatabase, targetEpochs } from "./index.ts";
import { forEachDatabase, startPostgres } from "./testing/index.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-database-"));
  folders.push(folder);
  return folder;
}

const token = { id: "t1", name: "n", role: "admin" as const, hash: "h", createdAt: new Date(0), createdBy: "user:x" };

forEachDatabase("the database", (open) => {
  it("brings an empty database up to date and gives back what it stores", async () => {
    await using database = await open();
    const details = { ...token, createdAt: new Date("2026-03-29T01:30:00.123Z") };
    await database.db.insert(apiTokens).values(details);
    expect(await database.db.select().from(apiTokens)).toMatchObject([details]);
  });

  it("undoes a transaction that throws", async () => {
    await using database = await open();
    const failing = database.db.transaction(async (tx) => {
      await tx.insert(apiTokens).values(token);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await database.db.select().from(apiTokens)).toEqual([]);
  });

  it("refuses a second live backup of one source", async () => {
    await using database = await open();
    const backup = {
      service: "shop",
      source: "orders",
      host: "db-1",
      repository: "main",
      trigger: "manual" as const,
      requestedBy: "user:x",
      timeoutMs: 1,
      createdAt: new Date(0),
    };
    await database.db.insert(backups).values({ ...backup, id: "1", state: "running" });
    await expect(database.db.insert(backups).values({ ...backup, id: "2", state: "queued" })).rejects.toThrow();
    await database.db.insert(backups).values({ ...backup, id: "3", state: "failed" });
    expect(await database.db.$count(backups)).toBe(2);
  });

  it("counts epochs without losing one to a concurrent writer", async () => {
    await using database = await open();
    const next = () =>
      database.db
        .insert(targetEpochs)
        .values({ target: "db-1/source/orders", epoch: 1 })
        .onConflictDoUpdate({ target: targetEpochs.target, set: { epoch: sql`${targetEpochs.epoch} + 1` } })
        .returning();
    const epochs = (await Promise.all(Array.from({ length: 20 }, next))).flat().map(({ epoch }) => epoch);
    expect(epochs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
});

describe("a PostgreSQL server", () => {
  it("is migrated once by replicas that start together, and not again later", async () => {
    await using server = await startPostgres();
    const url = await server.createDatabase();
    const replicas = await Promise.all([openDatabase({ url }), openDatabase({ url }), openDatabase({ url })]);
    await replicas[0]?.db.insert(apiTokens).values(token);
    for (const replica of replicas) await replica.close();
    await using again = await openDatabase({ url });
    expect(await again.db.$count(apiTokens)).toBe(1);
  });

  it("that does not answer is named without its password", async () => {
    const opening = openDatabase({ url: "postgres://u:secret@127.0.0.1:1/muster" });
    await expect(opening).rejects.toMatchObject({
      code: "database-unavailable",
      message: expect.not.stringContaining("secret"),
    });
  });
});

describe("PGlite in a directory", () => {
  it("keeps its rows over a restart, and is not migrated twice", async () => {
    const directory = join(temporaryFolder(), "database");
    const first = await openDatabase({ directory });
    await first.db.insert(apiTokens).values(token);
    await first.close();
    await using second = await openDatabase({ directory });
    expect(await second.db.$count(apiTokens)).toBe(1);
  });

  it("is refused to a second process, and free again when the first was killed", async () => {
    const directory = join(temporaryFolder(), "database");
    const script = `
      import { openDatabase } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
      await openDatabase({ directory: ${JSON.stringify(directory)} }).then(
        () => console.log("opened"),
        (error) => console.log(error.code),
      );
      process.kill(process.pid, "SIGKILL");`;
    const elsewhere = () =>
      spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).stdout.trim();
    expect(elsewhere()).toBe("opened");
    const database = await openDatabase({ directory });
    expect(elsewhere()).toBe("data-in-use");
    await database.close();
  });

  it("that is damaged is named, and left as it is", async () => {
    const directory = join(temporaryFolder(), "database");
    await (await openDatabase({ directory })).close();
    const control = join(directory, "global", "pg_control");
    writeFileSync(control, Buffer.alloc(100, 7));
    await expect(openDatabase({ directory })).rejects.toMatchObject({
      code: "database-unavailable",
      message: expect.stringContaining(directory),
    });
    expect(readFileSync(control)).toEqual(Buffer.alloc(100, 7));
  });
});
