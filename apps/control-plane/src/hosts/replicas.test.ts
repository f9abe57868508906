import { waitFor } from "@muster/core/testing";
import { openDatabase, replicas } from "@muster/database";
import { type PostgresServer, startPostgres } from "@muster/database/testing";
import { CheckRestoreSchema, create } from "@muster/protocol/grpc";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectAgent, enrolledHost, type TestControlPlane, testControlPlane } from "../testing/index.ts";
import { beginPresence, presencePass } from "./presence.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

/** A replica with a connection of its own; its loops are driven by the test. */
async function replica(url: string) {
  const database = await openDatabase({ url });
  const test = await testControlPlane({ database, config: { databaseUrl: url } });
  await beginPresence(test.cp, test.sessions);
  return Object.assign(test, {
    pass: () => presencePass(test.cp, test.sessions),
    async end() {
      await test[Symbol.asyncDispose]();
      await database.close();
    },
  });
}

async function pair() {
  const url = await server.createDatabase();
  const [left, right] = [await replica(url), await replica(url)];
  return {
    left,
    right,
    async [Symbol.asyncDispose]() {
      await left.end();
      await right.end();
    },
  };
}

const stateOf = async (test: TestControlPlane): Promise<string> =>
  (await test.call("viewer", "/api/v1/hosts/db-1")).json().state;

it("leaves the hosts of other replicas online when it starts, and knows them for connected", async () => {
  await using both = await pair();
  await enrolledHost(both.left, "db-1");
  await connectAgent(both.left, "db-1").hear("welcome");
  await beginPresence(both.right.cp, both.right.sessions);
  await both.right.pass();
  expect(await stateOf(both.right)).toBe("online");
  expect(both.right.cp.commands.isOnline("db-1")).toBe(true);
  expect(both.right.sessions.isHere("db-1")).toBe(false);
});

it("drops the hosts of a replica whose lease has run out, which takes them back when it goes on", async () => {
  await using both = await pair();
  await enrolledHost(both.left, "db-1");
  await connectAgent(both.left, "db-1").hear("welcome");
  await both.right.pass();
  const own = eq(replicas.id, both.left.sessions.replica);
  await both.right.cp.db.update(replicas).set({ leaseUntil: sql`now() - interval '1 second'` }).where(own);
  await both.right.pass();
  expect(await stateOf(both.right)).toBe("offline");
  expect(both.right.cp.commands.isOnline("db-1")).toBe(false);
  await both.left.pass();
  expect(await stateOf(both.right)).toBe("online");
});

it("brings a question to a host of the other replica, and its answer back", async () => {
  await using both = await pair();
  await enrolledHost(both.left, "db-1");
  const agent = connectAgent(both.left, "db-1");
  await agent.hear("welcome");
  await both.right.pass();
  const value = create(CheckRestoreSchema, { source: "orders" });
  const question = { id: "q1", host: "db-1", target: "check/orders", timeoutMs: 10_000 } as const;
  const answer = both.right.cp.commands.ask({ ...question, work: { case: "checkRestore", value } });
  await waitFor("the question", async () => {
    await both.left.commands.pass({ expire: false });
    return agent.heard.some(({ message }) => message.case === "command");
  });
  agent.finish({ commandId: "q1", attempt: 1 }, { case: "check", value: { findings: [] } });
  expect((await answer).outcome).toMatchObject({ case: "check" });
});

it("lets a session go that another replica has taken over, without calling the host offline", async () => {
  await using both = await pair();
  await enrolledHost(both.left, "db-1");
  const old = connectAgent(both.left, "db-1");
  await old.hear("welcome");
  const fresh = connectAgent(both.right, "db-1");
  await fresh.hear("welcome");
  await both.left.pass();
  expect(await old.hear("goodbye")).toMatchObject({ code: "conflict" });
  await old.ended;
  expect(both.left.sessions.isHere("db-1")).toBe(false);
  expect(await stateOf(both.left)).toBe("online");
});

it("ends the session of a host that was revoked on the other replica", async () => {
  await using both = await pair();
  await enrolledHost(both.left, "db-1");
  const agent = connectAgent(both.left, "db-1");
  await agent.hear("welcome");
  await both.right.call("admin", "/api/v1/hosts/db-1/revoke", {});
  await both.left.pass();
  expect(await agent.hear("goodbye")).toMatchObject({ code: "certificate-revoked" });
  expect(await stateOf(both.left)).toBe("revoked");
});
