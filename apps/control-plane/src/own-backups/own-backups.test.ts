import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@muster/core";
import { manualClock } from "@muster/core/testing";
import { hosts, openDatabase, targetEpochs } from "@muster/database";
import { placeTestDatabase, startPostgres } from "@muster/database/testing";
import { openStore } from "@muster/object-store";
import { addKey, newKeyPair, unlockFromText } from "@muster/repository";
import { startKeyService } from "@muster/repository/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { recordAudit } from "../audit/record.ts";
import { newestPoints } from "../catalog/points-store.ts";
import { retentionDecisions } from "../catalog/retention.ts";
import { lastEnded } from "../catalog/store.ts";
import { nextEpoch } from "../commands/store.ts";
import { loadConfig } from "../config-file.ts";
import { prepareRepositories } from "../repositories/open.ts";
import { openAuthority } from "../rpc/authority.ts";
import { createIdentity } from "../rpc/identity.ts";
import { assemble } from "../start.ts";
import { renderMetrics } from "../status/metrics.ts";
import { isOwnBackupDue } from "./due.ts";
import { protectOwnData } from "./protect.ts";
import { restoreControlPlane } from "./restore.ts";

const noon = Date.UTC(2026, 2, 2, 12);
const hour = 3_600_000;
const signal = new AbortController().signal;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A control plane with a configuration file, its key outside the data folder, and a repository beside both. */
async function plane(url?: string) {
  const folder = mkdtempSync(join(tmpdir(), "muster-own-"));
  folders.push(folder);
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  const configFile = join(folder, "control-plane.yaml");
  const repositories = { main: { url: join(folder, "repository"), keyFile: "keys/main.key" } };
  writeFileSync(configFile, JSON.stringify({ data, repositories }));
  const config = await loadConfig({ config: configFile, ...(url === undefined ? {} : { database: url }) });
  await prepareRepositories(config, silentLogger);
  if (url === undefined) await placeTestDatabase(join(data, "database"));
  const database = await openDatabase({ url, directory: join(data, "database") });
  const clock = manualClock(noon);
  const identity = createIdentity(await openAuthority(data, noon), config, clock, () => ({ enrol: 0, session: 0 }));
  const { cp } = assemble({ config, db: database.db, clock, log: silentLogger, identity });
  const keyCopy = join(folder, "copy.key");
  writeFileSync(keyCopy, readFileSync(join(folder, "keys", "main.key")));
  const place = { repository: join(folder, "repository"), key: keyCopy, point: "latest" };
  return { cp, clock, folder, data, configFile, database, place, [Symbol.asyncDispose]: () => database.close() };
}

const act = (cp: Parameters<typeof recordAudit>[0], at: number, actor: "user:ann" | "system" = "user:ann") =>
  recordAudit(cp, at, { actor, action: "plan.apply", subject: "x" });

/** Each opens several databases; for a machine that has other things to do. */
const patience = { timeout: 180_000 };

describe("a backup of the control plane", patience, () => {
  it("is due at first, after its interval, and soon after an act of a person; not after one of the system", async () => {
    await using test = await plane();
    const { cp, clock } = test;
    const due = () => isOwnBackupDue(cp.db, "main", hour, clock.now());
    expect(await due()).toBe(true);
    await act(cp.db, clock.now());
    await protectOwnData(cp, "main", signal);
    clock.advance(30_000);
    expect(await due()).toBe(false);
    await act(cp.db, clock.now(), "system");
    expect(await due()).toBe(false);
    await act(cp.db, clock.now());
    expect(await due()).toBe(true);
    await protectOwnData(cp, "main", signal);
    clock.advance(hour - 1000);
    expect(await due()).toBe(false);
    clock.advance(1000);
    expect(await due()).toBe(true);
  });

  it("is in the catalog, in the metrics, and kept by rules of its own", async () => {
    await using test = await plane();
    const { cp, clock } = test;
    for (let n = 0; n < 30; n++, clock.advance(hour)) await protectOwnData(cp, "main", signal);
    const decisions = await retentionDecisions(cp.db, clock.now());
    expect(decisions.filter(({ keep }) => !keep).length).toBeGreaterThan(3);
    expect(decisions.filter(({ keep }) => keep).length).toBeGreaterThanOrEqual(24);
    expect((await renderMetrics(cp)).text).toContain('muster_control_plane_backup_ok{repository="main"} 1');
    expect(readdirSync(join(test.data, "spool"))).toEqual([]);
  });

  it("that fails is named, is tried again after a minute, and leaves no point", async () => {
    await using test = await plane();
    const { cp, clock, folder } = test;
    rmSync(join(folder, "repository"), { recursive: true });
    await protectOwnData(cp, "main", signal);
    expect((await lastEnded(cp.db)).get("control/to-main")).toMatchObject({ state: "failed" });
    expect((await newestPoints(cp.db)).size).toBe(0);
    expect((await renderMetrics(cp)).text).toContain('muster_control_plane_backup_ok{repository="main"} 0');
    expect(await isOwnBackupDue(cp.db, "main", hour, clock.now())).toBe(false);
    clock.advance(61_000);
    expect(await isOwnBackupDue(cp.db, "main", hour, clock.now())).toBe(true);
  });
});

describe("a restored control plane", patience, () => {
  it("has its authority, token, keys and configuration, and no command of it counts as stale", async () => {
    const lost = await plane();
    const { cp, clock, data, configFile, folder, place } = lost;
    const authority = readFileSync(join(data, "authority.pem"), "utf8");
    await cp.db.insert(hosts).values({ id: "h", name: "db-1", enrolledAt: new Date(noon), online: 1, sessionId: "s" });
    await protectOwnData(cp, "main", signal);
    clock.advance(1000);
    for (let n = 0; n < 50; n++) await nextEpoch(cp.db, "db-1", "source/orders"); // known to the agent, not to the point
    await lost.database.close();
    const config = readFileSync(configFile, "utf8");
    for (const path of [data, configFile, join(folder, "keys")]) rmSync(path, { recursive: true });

    const restored = await restoreControlPlane(place, { clock, log: silentLogger });
    expect(restored).toMatchObject({ dataDirectory: data, configFile, recoveries: [] });
    expect(readFileSync(join(data, "authority.pem"), "utf8")).toBe(authority);
    expect(readFileSync(configFile, "utf8")).toBe(config);
    expect(readFileSync(join(folder, "keys", "main.key"), "utf8")).toBe(readFileSync(place.key, "utf8"));
    expect(existsSync(`${data}.restoring`)).toBe(false);
    await using database = await openDatabase({ directory: join(data, "database") });
    expect(await database.db.select().from(hosts)).toMatchObject([{ name: "db-1", online: 0, sessionId: null }]);
    expect(await nextEpoch(database.db, "db-1", "source/orders")).toBeGreaterThan(50);
    expect(await nextEpoch(database.db, "new-1", "source/x")).toBeGreaterThan(1_000_000);
    expect(await isOwnBackupDue(database.db, "main", hour, clock.now() + 20_000)).toBe(true);
    expect(await database.db.$count(targetEpochs)).toBe(3);
  });

  it("writes over nothing: neither a data folder nor a file that is there", async () => {
    await using test = await plane();
    const { cp, clock, data, configFile, folder, place } = test;
    await protectOwnData(cp, "main", signal);
    const dependencies = { clock, log: silentLogger };
    await expect(restoreControlPlane(place, dependencies)).rejects.toMatchObject({ code: "conflict" });
    writeFileSync(configFile, `${readFileSync(configFile, "utf8")}\n# changed since`);
    const other = { ...place, data: join(folder, "other") };
    const { files } = await restoreControlPlane(other, dependencies);
    expect(files).toContainEqual(expect.stringContaining(`LEFT AS IT IS, though the point has another: ${configFile}`));
    expect(readFileSync(configFile, "utf8")).toContain("# changed since");
    expect(existsSync(join(data, "database"))).toBe(true);
  });

  it("refuses a wrong key, and begins anew where a restore was cut off", async () => {
    await using test = await plane();
    const { cp, clock, folder, place } = test;
    await protectOwnData(cp, "main", signal);
    const dependencies = { clock, log: silentLogger };
    writeFileSync(join(folder, "wrong.key"), "wrong\n");
    const target = { ...place, data: join(folder, "new") };
    const wrong = restoreControlPlane({ ...target, key: join(folder, "wrong.key") }, dependencies);
    await expect(wrong).rejects.toMatchObject({ code: "repository-key-wrong" });
    mkdirSync(join(folder, "new.restoring", "database"), { recursive: true });
    writeFileSync(join(folder, "new.restoring", "authority.pem"), "half");
    await restoreControlPlane(target, dependencies);
    expect(readFileSync(join(folder, "new", "authority.pem"), "utf8")).toContain("PRIVATE KEY");
  });

  it("is opened by a private key from a safe, and by the key service", async () => {
    await using test = await plane();
    await using service = await startKeyService();
    const { cp, clock, folder, place } = test;
    await protectOwnData(cp, "main", signal);
    for (const [name, value] of Object.entries(service.environment)) vi.stubEnv(name, value);
    const given = unlockFromText(readFileSync(place.key, "utf8"));
    const { publicKey, privateKey } = newKeyPair();
    const store = await openStore(place.repository);
    await addKey(store, given, { publicKey });
    await addKey(store, given, { kmsKey: await service.createKey() });
    writeFileSync(join(folder, "safe.key"), `# typed from paper\n${privateKey.toLowerCase()}\n`);
    for (const [n, key] of [join(folder, "safe.key"), "kms"].entries()) {
      const target = { ...place, key, data: join(folder, `new-${n}`) };
      expect((await restoreControlPlane(target, { clock, log: silentLogger })).rows).toBeGreaterThan(0);
    }
    vi.unstubAllEnvs();
  });

  it("comes from a PostgreSQL server to another one, or to an embedded database when that is asked for", async () => {
    await using server = await startPostgres();
    await using test = await plane(await server.createDatabase());
    const { cp, clock, folder, place } = test;
    await act(cp.db, noon);
    await protectOwnData(cp, "main", signal);
    const dependencies = { clock, log: silentLogger };
    const target = { ...place, data: join(folder, "new") };
    await expect(restoreControlPlane(target, dependencies)).rejects.toMatchObject({ code: "usage" });
    const url = await server.createDatabase();
    const { rows } = await restoreControlPlane({ ...target, database: url }, dependencies);
    expect(rows).toBeGreaterThan(1);
    await expect(
      restoreControlPlane({ ...place, data: join(folder, "again"), database: url }, dependencies),
    ).rejects.toMatchObject({ code: "conflict" });
    const embedded = { ...place, data: join(folder, "embedded"), embedded: true };
    expect((await restoreControlPlane(embedded, dependencies)).rows).toBe(rows);
  });
});
