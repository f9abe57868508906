import { openTestDatabase } from "@muster/database/testing";
import type { ApiRecovery } from "@muster/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { order, type SharedRepository, sharedRepository, testFleet } from "./testing/test-fleet.ts";
import { type Behaviour, doesWell, type TestHost } from "./testing/test-host.ts";

let repository: SharedRepository;
beforeAll(async () => {
  repository = await sharedRepository();
});
afterAll(() => repository[Symbol.dispose]());

const ended = ({ state }: ApiRecovery): boolean => state === "succeeded" || state === "failed";

/** Works on one step until it is told, and does everything else at once. */
const worksOn =
  (step: string): Behaviour =>
  (command) =>
    command.commandId.endsWith(`/${step}`) ? "works" : doesWell(command);

describe("a control plane that is killed during a recovery", () => {
  for (const step of order) {
    it(`goes on after ${step}, which ended while nobody listened, and begins no step twice`, async () => {
      await using database = await openTestDatabase();
      await using fleet = await testFleet(database, repository);
      const hosts = [fleet.hosts["app-1"], fleet.hosts["db-1"]];
      for (const host of hosts) host.behave(worksOn(step));
      const id = await fleet.begin();
      await fleet.until(id, step, (now) => now.steps.some((each) => each.id === step && each.state === "running"));
      for (const host of hosts) await host.leave();
      for (const host of hosts)
        for (const command of host.working()) host.finish((one) => one === command, finished(command));
      await fleet.restart();
      const done = await fleet.until(id, "the end", ended);
      expect(done.state).toBe("succeeded");
      const began = hosts.flatMap((host) => host.began).filter((key) => key.startsWith(id));
      expect(began.sort()).toEqual(order.map((each) => `${id}/${each}/1`).sort());
    });
  }

  it("checks again when it was killed while it checked", async () => {
    await using database = await openTestDatabase();
    await using fleet = await testFleet(database, repository);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "checkRestore" ? "works" : doesWell(command)));
    const id = await fleet.begin();
    await fleet.until(id, "the question", () => fleet.hosts["db-1"].working().length === 1);
    await fleet.restart();
    expect((await fleet.recovery(id)).state).toBe("checking");
    fleet.hosts["db-1"].behave(doesWell);
    expect((await fleet.until(id, "the end", ended)).state).toBe("succeeded");
  });

  it("makes a retry whose wait it did not live to see", async () => {
    await using database = await openTestDatabase();
    await using fleet = await testFleet(database, repository);
    let failures = 1;
    fleet.hosts["db-1"].behave((command) => {
      if (command.work.case !== "restore" || failures-- <= 0) return doesWell(command);
      return { case: "failure", value: { code: "source-failed", message: "no", hint: "", retryable: true } };
    });
    const id = await fleet.begin();
    await fleet.until(id, "the failure", (now) => now.steps.some(({ attempt }) => attempt === 2));
    await fleet.restart();
    expect((await fleet.until(id, "the end", ended)).state).toBe("succeeded");
    expect(fleet.hosts["db-1"].began).toContain(`${id}/db/restore/orders/2`);
  });
});

function finished(command: Parameters<Behaviour>[0]) {
  const outcome = doesWell(command);
  if (outcome === "works") throw new Error("it always ends");
  return outcome;
}

/** Mulberry32: the same numbers for the same seed. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe("whatever happens to control plane and connections", () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`a recovery comes to its end, and no step is begun twice, seed ${seed}`, async () => {
      const random = seededRandom(seed);
      await using database = await openTestDatabase();
      await using fleet = await testFleet(database, repository);
      const hosts = [fleet.hosts["app-1"], fleet.hosts["db-1"]];
      for (const host of hosts) host.behave((command) => (random(2) === 0 ? "works" : doesWell(command)));
      const id = await fleet.begin();
      await fleet.until(id, "the start", ({ startedAt }) => {
        finishAll(hosts);
        return startedAt !== undefined;
      });
      for (let turn = 0; turn < 12; turn++) {
        const host = hosts[random(2)] ?? fleet.hosts["db-1"];
        if (turn % 4 === 3) await fleet.restart();
        else {
          await host.leave();
          if (random(2) === 0) finishAll([host]);
          await host.connect(fleet.test);
        }
        for (const each of hosts) each.pump();
        if (random(2) === 0) finishAll(hosts);
      }
      const done = await fleet.until(id, "the end", (now) => {
        finishAll(hosts);
        return ended(now);
      });
      expect(done.state).toBe("succeeded");
      const began = hosts.flatMap((host) => host.began).filter((key) => key.startsWith(id));
      expect(began.sort()).toEqual(order.map((each) => `${id}/${each}/1`).sort());
    });
  }
});

function finishAll(hosts: readonly TestHost[]): void {
  for (const host of hosts)
    for (const command of host.working()) host.finish((one) => one === command, finished(command));
}
