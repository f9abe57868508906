import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { startPostgres, type TestPostgres } from "@muster/agent/testing";
import { waitFor } from "@muster/core/testing";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { makeSite, type Site } from "./testing/site.ts";
import { fingerprint } from "./testing/tree.ts";
import { type RecoveryView, recoveryWhen } from "./testing/views.ts";

let site: Site;
let spare: Site;
let server: TestPostgres;
let spareServer: TestPostgres;
let pages: Record<string, string>;
/** What stood there when the recovery began: not the backed-up state, so that each can be told from the other. */
let spoilt: Record<string, string>;

const orders = "SELECT md5(string_agg(o::text, ',' ORDER BY id)) AS sum FROM orders o";
const gate = { interval: "200ms", successes: 1, deadline: "20s" };

// Before the fleet's own hook, so that it runs after it.
afterAll(() => Promise.all([server?.[Symbol.asyncDispose](), spareServer?.[Symbol.asyncDispose]()]));
const fleet = useFleet(async (fleet) => {
  [server, spareServer] = await Promise.all([startPostgres(), startPostgres()]);
  await server.query("CREATE DATABASE shop");
  await server.query(
    "CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS item FROM generate_series(1, 500) n",
    "shop",
  );
  site = await makeSite(fleet.hostFolder("site-1"));
  spare = await makeSite(fleet.hostFolder("spare-1"), { empty: true });
  pages = await fingerprint(site.pages);
  const database = async (host: string, { port, password }: TestPostgres) => {
    const passwordFile = `${fleet.at(`${host}.password`)}`;
    await writeFile(passwordFile, password, { mode: 0o600 });
    return {
      source: { orders: { type: "postgres", port, passwordFile, databases: ["shop"] } },
      probe: {
        "orders-answer": {
          type: "postgres",
          port,
          passwordFile,
          database: "shop",
          query: "SELECT count(*) FROM orders",
        },
      },
    };
  };
  const [own, other] = [await database("db-1", server), await database("spare-1", spareServer)];
  await Promise.all([
    fleet.addAgent("site-1", site.yaml),
    fleet.addAgent("db-1", { sources: own.source, probes: own.probe }),
    fleet.addAgent("spare-1", {
      ...spare.yaml,
      sources: { ...(spare.yaml.sources as object), ...other.source },
      probes: { ...(spare.yaml.probes as object), ...other.probe },
    }),
  ]);
  await fleet.applyPlan({
    version: 1,
    name: "acts",
    timezone: "UTC",
    services: {
      orders: { tier: 1, host: "db-1", sources: { orders: {} }, probes: ["orders-answer"], gate },
      site: {
        ...{ tier: 2, host: "site-1", dependsOn: ["orders"], sources: { pages: {} }, probes: ["site-answers"], gate },
        actions: { stop: "stop-site", start: "start-site" },
      },
    },
    scenarios: {
      careful: { approve: true, restore: { services: ["site"] } },
      strict: { objectives: { rto: "5m" }, restore: { services: ["site"] } },
    },
  });
  const { code, stderr } = await fleet.muster("backup", "--all", "--wait");
  if (code !== 0) throw new Error(stderr);
});

beforeEach(async () => {
  await writeFile(`${site.pages}/index.html`, "<h1>Defaced</h1>\n");
  await writeFile(`${site.pages}/new.html`, "written after the backup\n");
  spoilt = await fingerprint(site.pages);
});
afterEach(async () => {
  site.release();
  site.mend();
  const { controlPlane } = fleet(); // what a failed test has left under way must not stop the next one
  const { items } = await controlPlane.get<{ items: RecoveryView[] }>("/api/v1/recoveries?active=true");
  for (const { id } of items) await controlPlane.post(`/api/v1/recoveries/${id}/cancel`, {}).catch(() => undefined);
});

const muster = (...args: string[]) => fleet().muster(...args);

/** Starts a recovery and gives its id without waiting for anything. */
async function begin(...args: string[]): Promise<string> {
  const started = await muster("recover", "--yes", ...args);
  expectCode(started);
  return started.stdout.trim();
}

const when = (id: string, what: string, wanted: (recovery: RecoveryView) => boolean): Promise<RecoveryView> =>
  recoveryWhen(fleet().controlPlane, id, what, wanted);

const inHand = (step: string) => (recovery: RecoveryView) =>
  recovery.steps.some(({ id, state }) => id === step && state === "running");

/** Puts back what a recovery has replaced, and sees that it is what stood there before. */
async function rollBack(id: string): Promise<void> {
  expectCode(await muster("recoveries", "rollback", id, "--yes", "--watch"));
  expect(await fingerprint(site.pages)).toEqual(spoilt);
}

describe("a preview", () => {
  it("shows every step of everything, in tier order, and touches nothing", async () => {
    const { code, stdout } = await muster("recover", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain("RECOVERY of acts");
    const steps = ["stop site", "restore orders", "restore pages", "start site"];
    const places = steps.map((step) => stdout.indexOf(step));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(await fingerprint(site.pages)).toEqual(spoilt);
    expect(JSON.parse((await muster("--json", "recoveries", "list")).stdout)).toEqual([]);
  });

  it.each([
    [["--tier", "1"], ["restore orders"], ["restore pages"]],
    [["--service", "site"], ["restore pages", "start site"], ["restore orders"]],
    [["--host", "db-1"], ["restore orders"], ["restore pages"]],
    [["--tier", "1", "--host", "site-1"], ["restore orders", "restore pages"], []],
  ])("takes only what %j names", async (options, named, left) => {
    const { code, stdout } = await muster("recover", "--dry-run", ...options);
    expect(code).toBe(0);
    for (const text of named) expect(stdout).toContain(text);
    for (const text of left) expect(stdout).not.toContain(text);
  });
});

describe("a recovery that is watched", () => {
  it("tells each step, ends with 0, and is undone by a rollback", async () => {
    const result = await muster("recover", "--service", "site", "--yes", "--watch");
    expectCode(result);
    const { stdout, stderr } = result;
    expect(stderr).toContain("restore pages");
    expect(stdout).toContain("succeeded");
    expect(stdout).toContain("What was replaced is kept aside.");
    expect(await fingerprint(site.pages)).toEqual(pages);
    await rollBack(/rec_\w+/.exec(stdout)?.[0] ?? "");
  });

  it("drops for good what was replaced once it is accepted", async () => {
    const id = await begin("--host", "site-1");
    await when(id, "success", ({ state }) => state === "succeeded");
    const besides = () => readdirSync(fleet().hostFolder("site-1")).filter((name) => name.includes("muster-aside"));
    expect(besides()).toHaveLength(1);
    expectCode(await muster("recoveries", "accept", id, "--yes", "--watch"));
    expect(besides()).toEqual([]);
    expect(await fingerprint(site.pages)).toEqual(pages);
    const late = await muster("recoveries", "rollback", id, "--yes");
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing is kept aside") });
  });

  it("ends with 4 when it took longer than the objective allows", async () => {
    const { code, stdout } = await muster(
      "recover",
      "--scenario",
      "strict",
      "--failed-at",
      "10m ago",
      "--yes",
      "--watch",
    );
    expect(code).toBe(4);
    expect(stdout).toMatch(/actual RTO .* MISSED \(objective 5m\)/);
    expect(await fingerprint(site.pages)).toEqual(pages);
    await rollBack(/rec_\w+/.exec(stdout)?.[0] ?? "");
  });

  it("goes on when the watching ends, by Ctrl-C or by its timeout", async () => {
    site.hold("stop");
    const id = await begin("--service", "site");
    const watching = fleet().startMuster("recoveries", "watch", id);
    await waitFor("the watching to begin", () => watching.stderr().includes("stop site"));
    await watching.end("SIGINT");
    expect(await watching.ended()).toBe(130);
    expect(watching.stderr()).toContain(`Recovery ${id} goes on.`);
    expectCode(await muster("recoveries", "watch", id, "--timeout", "1s"), 124);
    site.release();
    await when(id, "success", ({ state }) => state === "succeeded");
    await rollBack(id);
  });
});

describe("onto another host", () => {
  it("brings files and a database there, with a record of each key that the host got", async () => {
    const onto = ["--onto", "db-1=spare-1", "--onto", "site-1=spare-1"];
    expectCode(await muster("recover", ...onto, "--yes", "--watch"));
    expect(await fingerprint(spare.pages)).toEqual(pages);
    expect(await spareServer.query(orders, "shop")).toEqual(await server.query(orders, "shop"));
    expect(await fingerprint(site.pages)).toEqual(spoilt);

    const trail = JSON.parse((await muster("--json", "audit", "list", "--limit", "200")).stdout);
    const grants = trail.filter(({ action }: { action: string }) => action === "key.grant");
    for (const [subject, from] of [
      ["domain/orders", "db-1"],
      ["domain/site", "site-1"],
    ]) {
      expect(grants).toContainEqual(
        expect.objectContaining({ subject, details: expect.objectContaining({ host: "spare-1", from }) }),
      );
    }
    const lost = await muster("recover", "--onto", "db-1=nowhere", "--dry-run");
    expect(lost.code).toBe(3);
    expect(lost.stdout).toContain("no agent is enrolled for the host nowhere");
  });
});

describe("a scenario that needs an approval", () => {
  it("waits for a second person, and goes on when that one agrees", async () => {
    const started = await muster("recover", "--scenario", "careful", "--yes");
    expect(started.code).toBe(5);
    const id = started.stdout.trim();
    expect((await muster("recoveries", "show", id)).stdout).toContain("waits for a second person");
    expect(await muster("recoveries", "approve", id, "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("somebody else has to approve it"),
    });
    expect(await fingerprint(site.pages)).toEqual(spoilt);

    const token = await muster("token", "create", "--api", "bob", "--role", "approver");
    const approved = await muster("--token", token.stdout.trim(), "recoveries", "approve", id, "--yes", "--watch");
    expectCode(approved);
    expect(await fingerprint(site.pages)).toEqual(pages);
    expect((await muster("audit", "list")).stdout).toMatch(/user:bob\s+recovery\.approve/);
    await rollBack(id);
  });
});

describe("a recovery in the middle", () => {
  it("pauses before the next step, and goes on when it is resumed", async () => {
    site.hold("stop");
    const id = await begin("--service", "site");
    await when(id, "the stop in hand", inHand("site/stop"));
    expect((await muster("recoveries", "pause", id)).stdout).toContain("paused");
    site.release();
    await when(id, "the stop done", ({ steps }) =>
      steps.some(({ id, state }) => id === "site/stop" && state === "succeeded"),
    );
    expect((await muster("recoveries", "show", id)).stdout).toContain("paused");
    expect(await fingerprint(site.pages)).toEqual(spoilt);

    expectCode(await muster("recoveries", "resume", id, "--watch"));
    expect(await fingerprint(site.pages)).toEqual(pages);
    await rollBack(id);
  });

  it("is cancelled with what it replaced kept, and can be rolled back", async () => {
    site.hold("start");
    const id = await begin("--service", "site");
    await when(id, "the start in hand", inHand("site/start"));
    const cancelled = await muster("recoveries", "cancel", id, "--yes", "--reason", "wrong point", "--watch");
    expect(cancelled.code).toBe(1);
    expect(cancelled.stdout).toContain("cancelled");
    expect(cancelled.stdout).toContain(`muster recoveries rollback ${id}`);
    site.release();
    await rollBack(id);
    expect((await muster("audit", "list")).stdout).toContain("reason=wrong point");
  });

  it("refuses a second one on the same target, with the first one's id", async () => {
    site.hold("stop");
    const id = await begin("--service", "site");
    const second = await muster("recover", "--service", "site", "--yes");
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(id) });
    site.release();
    await when(id, "success", ({ state }) => state === "succeeded");
    await rollBack(id);
  });
});

describe("a start action that fails", () => {
  it("stops the recovery with the action's own words; once mended, a retry brings it to its end", async () => {
    site.breakStart();
    const failed = await muster("recover", "--service", "site", "--yes", "--watch");
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain('the action "start-site" exited with 3');
    expect(failed.stdout).toContain("the site cannot start: it is broken");
    const id = /rec_\w+/.exec(failed.stdout)?.[0] ?? "";
    expect(failed.stdout).toContain(`muster recoveries retry ${id} site/start`);

    site.mend();
    expectCode(await muster("recoveries", "retry", id, "--watch"));
    expect(await fingerprint(site.pages)).toEqual(pages);
    await rollBack(id);
  });

  it("can be skipped on somebody's word: the end is partial", async () => {
    site.breakStart();
    const failed = await muster("recover", "--service", "site", "--yes", "--watch");
    const id = /rec_\w+/.exec(failed.stdout)?.[0] ?? "";
    expectCode(await muster("recoveries", "skip", id, "site/start"), 2); // no reason given
    site.mend();
    await writeFile(`${fleet().hostFolder("site-1")}/running`, ""); // somebody has started it by hand
    const skipped = await muster("recoveries", "skip", id, "site/start", "--reason", "started by hand", "--watch");
    expect(skipped).toMatchObject({ code: 6, stdout: expect.stringContaining("completed with exceptions") });
    expect(await fingerprint(site.pages)).toEqual(pages);
    await rollBack(id);
  });
});

describe("a recovery in place of a database", () => {
  it("brings every row back, and a rollback the rows that it replaced", async () => {
    const wanted = await server.query(orders, "shop");
    await server.query("DELETE FROM orders WHERE id > 10", "shop");
    const spoiltRows = await server.query(orders, "shop");
    const id = await begin("--tier", "1");
    await when(id, "success", ({ state }) => state === "succeeded");
    expect(await server.query(orders, "shop")).toEqual(wanted);
    expectCode(await muster("recoveries", "rollback", id, "--yes", "--watch"));
    expect(await server.query(orders, "shop")).toEqual(spoiltRows);
  });
});
