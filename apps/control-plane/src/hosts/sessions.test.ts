import { waitFor } from "@muster/core/testing";
import { hosts, probeChanges, probeStates } from "@muster/database";
import { timestampFromMs } from "@muster/protocol/grpc";
import { describe, expect, it } from "vitest";
import { connectAgent, enrolledHost, type TestControlPlane, testControlPlane } from "../testing/index.ts";

const inventory = {
  hostname: "db-1",
  platform: "linux",
  cpus: 2,
  sources: [{ name: "orders", type: "postgres", location: "127.0.0.1:5432/orders", facts: { version: 15 } }],
  probes: [{ name: "up", type: "tcp", target: "127.0.0.1:5432" }],
  actions: ["start"],
};

async function shown(test: TestControlPlane) {
  return (await test.call("viewer", "/api/v1/hosts/db-1")).json();
}

describe("an agent's session", () => {
  it("shows what the host has, its load and its clock", async () => {
    await using test = await testControlPlane();
    await enrolledHost(test, "db-1");
    expect(await shown(test)).toMatchObject({ state: "offline", sources: [] });
    const agent = connectAgent(test, "db-1", { inventory });
    expect(await agent.hear("welcome")).toMatchObject({ heartbeatSeconds: 10, stop: [] });
    const disks = [{ path: "/", sizeBytes: 100n, freeBytes: 40n }];
    const load = { load1: 0.5, memoryAvailableBytes: 7n, agentRssBytes: 3n, disks };
    agent.say({ case: "heartbeat", value: { sentAt: timestampFromMs(1000), load, clockOffsetMs: -250 } });
    expect((await agent.hear("echo")).agentSentAt).toEqual(timestampFromMs(1000));
    const view = await waitFor("the load to be stored", async () => {
      const answer = await shown(test);
      return answer.load === undefined ? undefined : answer;
    });
    expect(view).toMatchObject({
      state: "online",
      clockOffsetMs: 250,
      load: { load1: 0.5, disks: [{ path: "/", sizeBytes: 100, freeBytes: 40 }] },
      sources: [{ name: "orders", type: "postgres", facts: { version: 15 } }],
      probes: [{ name: "up", state: "unknown" }],
      actions: ["start"],
    });
  });

  it("stores the state of probes, and every change once", async () => {
    await using test = await testControlPlane();
    await enrolledHost(test, "db-1");
    const agent = connectAgent(test, "db-1", { inventory });
    const report = (state: string, at: number) =>
      agent.say({
        case: "probes",
        value: {
          results: [{ probe: "up", state, since: timestampFromMs(at), checkedAt: timestampFromMs(at), message: "m\0" }],
        },
      });
    report("passing", 1000);
    report("passing", 2000);
    report("failing", 3000);
    report("nonsense", 4000);
    await waitFor("the failure", async () => (await test.cp.db.select().from(probeStates))[0]?.state === "failing");
    const changes = await test.cp.db.select().from(probeChanges).orderBy(probeChanges.at);
    expect(changes.map(({ state, at }) => [state, at.getTime()])).toEqual([
      ["passing", 1000],
      ["failing", 3000],
    ]);
    expect((await shown(test)).probes).toMatchObject([{ name: "up", state: "failing", message: "m" }]);
    await agent.leave();
    expect((await shown(test)).probes).toMatchObject([{ name: "up", state: "unknown" }]);
  });

  it("gives way to a newer one of the same host, which stays online", async () => {
    await using test = await testControlPlane();
    await enrolledHost(test, "db-1");
    const first = connectAgent(test, "db-1");
    await first.hear("welcome");
    const second = connectAgent(test, "db-1");
    await second.hear("welcome");
    expect(await first.hear("goodbye")).toMatchObject({ code: "conflict" });
    await first.ended;
    expect(test.cp.commands.isOnline("db-1")).toBe(true);
    expect((await shown(test)).state).toBe("online");
  });

  it("ends at once when the host is revoked, with the reason", async () => {
    await using test = await testControlPlane();
    await enrolledHost(test, "db-1");
    const agent = connectAgent(test, "db-1");
    await agent.hear("welcome");
    const revoked = await test.call("admin", "/api/v1/hosts/db-1/revoke", { reason: "stolen" });
    expect(revoked.json()).toMatchObject({ state: "revoked" });
    expect(await agent.hear("goodbye")).toMatchObject({
      code: "certificate-revoked",
      message: "db-1 was revoked: stolen",
    });
    await agent.ended;
    expect((await test.call("admin", "/api/v1/hosts/db-1/revoke", {})).statusCode).toBe(409);
    expect((await test.call("admin", "/api/v1/hosts/db-9/revoke", {})).statusCode).toBe(404);
  });

  it("ends when the agent falls silent, and the host is offline", async () => {
    await using test = await testControlPlane({
      config: { agents: { certificateLifeMs: 1000, heartbeatSeconds: 0.1 } },
    });
    await enrolledHost(test, "db-1");
    const agent = connectAgent(test, "db-1");
    const events: unknown[] = [];
    test.cp.events.subscribe(({ data }) => void events.push(data.state));
    await agent.ended;
    expect((await test.cp.db.select().from(hosts))[0]?.online).toBe(0);
    expect(events).toEqual(["online", "offline"]);
  });

  it("is refused to an agent that speaks before its hello", async () => {
    await using test = await testControlPlane();
    await enrolledHost(test, "db-1");
    const agent = connectAgent(test, "db-1", undefined, { silent: true });
    agent.say({ case: "heartbeat", value: {} });
    await expect(agent.ended).rejects.toMatchObject({ code: "request-invalid" });
  });

  it("brings the schedule at its start and when it changes, and confirms points made offline after they are stored", async () => {
    await using test = await testControlPlane();
    await enrolledHost(test, "db-1");
    let revision = 1n;
    const stored: string[] = [];
    test.sessions.provideSchedule(async () => ({ revision }));
    test.sessions.storeOfflinePoints(async (_tx, host, { offlineId }) => void stored.push(`${host} ${offlineId}`));
    const agent = connectAgent(test, "db-1");
    expect((await agent.hear("schedule")).revision).toBe(1n);
    revision = 2n;
    test.sessions.sendSchedule();
    await agent.hear("schedule", (schedule) => schedule.revision === 2n);
    agent.say({ case: "offlinePoint", value: { offlineId: "off-1", service: "s", source: "x" } });
    await agent.hear("offlineStored", ({ offlineId }) => offlineId === "off-1");
    expect(stored).toEqual(["db-1 off-1"]);
  });
});
