import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres, type TestPostgres } from "@muster/agent/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Host } from "./testing/agent.ts";
import { expectCode } from "./testing/expect-code.ts";
import { type Fleet, useFleet } from "./testing/fleet.ts";
import { smallDisk } from "./testing/small-disk.ts";
import { fingerprint, writeRandomTree } from "./testing/tree.ts";

const disk = smallDisk(24);
let own: TestPostgres;
let other: TestPostgres;
/** The control plane's own database: here a test can change what it believes. */
let catalog: TestPostgres;
let database: Host;

beforeAll(async () => {
  [own, other, catalog] = await Promise.all([startPostgres(), startPostgres(), startPostgres()]);
  await own.query("CREATE DATABASE shop");
  await own.query("CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 50) n", "shop");
  await other.query("CREATE TABLE treasure AS SELECT 'of somebody else' AS what");
});

// Before the fleet's own hook, so that it runs after it.
afterAll(async () => {
  await Promise.all([own, other, catalog].map((server) => server?.[Symbol.asyncDispose]()));
  disk?.release();
});

const fleet = useFleet(
  async (fleet) => {
    await Promise.all([writePassword(fleet, "own", own), writePassword(fleet, "other", other)]);
    database = await fleet.addAgent("db-1", yamlFor(fleet, "own", own));
    await fleet.addAgent("db-2", yamlFor(fleet, "other", other));
    const root = join(disk?.path ?? fleet.hostFolder("files-1"), "uploads");
    await writeRandomTree(root, { count: 4, size: 4_000_000 });
    await fleet.addAgent("files-1", { sources: { uploads: { type: "files", root } } });
    await fleet.applyPlan({
      version: 1,
      name: "refused",
      timezone: "UTC",
      services: {
        orders: { tier: 1, host: "db-1", sources: { orders: {} } },
        uploads: { tier: 1, host: "files-1", sources: { uploads: {} } },
      },
    });
    const { code, stderr } = await fleet.muster("backup", "--all", "--wait");
    if (code !== 0) throw new Error(stderr);
  },
  () => ({ database: urlOf(catalog) }),
);
function urlOf({ port, user, password }: TestPostgres): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

async function writePassword(fleet: Fleet, name: string, { password }: TestPostgres): Promise<void> {
  await mkdir(fleet.at("secrets"), { recursive: true });
  await writeFile(fleet.at("secrets", name), password, { mode: 0o600 });
}

function yamlFor(fleet: Fleet, name: string, { port }: TestPostgres, more: Record<string, unknown> = {}) {
  const passwordFile = fleet.at("secrets", name);
  return { sources: { orders: { type: "postgres", port, passwordFile, databases: ["shop"], ...more } } };
}

/** Everything that a restore could change: databases with their rows, and files. */
async function everything(): Promise<unknown> {
  const databases = "SELECT datname, oid::text FROM pg_database ORDER BY 1";
  return {
    own: [await own.query(databases), await own.query("SELECT count(*), sum(id) FROM orders", "shop")],
    other: [await other.query(databases), await other.query("SELECT what FROM treasure")],
    files: disk === undefined ? {} : await fingerprint(disk.path),
  };
}

let before: unknown;
beforeEach(async () => {
  before = await everything();
});

/** The preview refuses, and so does the recovery itself when nobody has looked at a preview; nothing is changed. */
async function expectRefused(options: readonly string[], ...words: readonly string[]): Promise<void> {
  for (const mode of [["--dry-run"], ["--yes"], ["--yes", "--no-checks", "--watch"]]) {
    const { code, stdout, stderr } = await fleet().muster("recover", ...options, ...mode);
    expect({ mode, code }).toEqual({ mode, code: 3 });
    for (const word of words) expect(`${stdout}${stderr}`).toContain(word);
  }
  expect(await everything()).toEqual(before);
}

describe("a restore without room for it beside what it keeps", () => {
  it.skipIf(disk === undefined)("is refused with both numbers", async () => {
    await expectRefused(
      ["--service", "uploads"],
      `the disk of ${disk?.path}/uploads has`,
      "the restore beside the files kept aside needs 16.0 MB",
      "Free space on the named disk or restore onto another host.",
    );
  });
});

describe("a restore into another database than the expected one", () => {
  it("is refused while that one holds somebody's data, and allowed on a person's word", async () => {
    const onto = ["--service", "orders", "--onto", "db-1=db-2"];
    await expectRefused(onto, "and it holds data: postgres", "confirm a new target with --allow-new-target");
    const allowed = await fleet().muster("recover", ...onto, "--allow-new-target", "--yes", "--watch");
    expectCode(allowed);
    expect(await other.query("SELECT count(*) FROM orders", "shop")).toEqual([{ count: "50" }]);
    expect(await other.query("SELECT what FROM treasure")).toEqual([{ what: "of somebody else" }]);
  });

  it("is refused when agent.yaml expects another cluster", async () => {
    await database.kill("SIGTERM");
    await database.configure(yamlFor(fleet(), "own", own, { expect: { systemIdentifier: "42" } }));
    database.start();
    await fleet().awaitOnline("db-1");
    await expectRefused(["--service", "orders"], "agent.yaml expects 42");
    await database.kill("SIGTERM");
    await database.configure(yamlFor(fleet(), "own", own));
    database.start();
    await fleet().awaitOnline("db-1");
  });
});

describe("a restore into an older major version", () => {
  it("is refused with both versions", async () => {
    // No second version is installed here, so the catalog is told that the point came from a later one.
    await catalog.query(`UPDATE points SET facts = jsonb_set(facts, '{major}', '99') WHERE source = 'orders'`);
    await expectRefused(
      ["--service", "orders"],
      "the point is of PostgreSQL 99, the server at 127.0.0.1:",
      "Restore into PostgreSQL 99 or later.",
    );
  });
});
