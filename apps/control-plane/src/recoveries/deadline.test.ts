import { forEachDatabase } from "@muster/database/testing";
import type { ApiRecovery } from "@muster/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SharedRepository, sharedRepository, type TestFleet, testFleet } from "./testing/test-fleet.ts";
import { doesWell } from "./testing/test-host.ts";

let repository: SharedRepository;
beforeAll(async () => {
  repository = await sharedRepository();
});
afterAll(() => repository[Symbol.dispose]());

const hour = 3_600_000;
const timedOut = ({ state }: ApiRecovery): boolean => state === "timed_out";

/** A recovery of two hours at most whose first restore does not end. */
async function slowRecovery(fleet: TestFleet): Promise<string> {
  fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
  const id = await fleet.begin({ deadlineMs: 2 * hour });
  await fleet.until(id, "the restore", ({ steps }) =>
    steps.some((step) => step.id === "db/restore/orders" && step.state === "running"),
  );
  return id;
}

forEachDatabase("the deadline of a recovery", (open) => {
  it("stops what is in hand, is audited, and leaves the way back", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const id = await slowRecovery(fleet);
    const { startedAt = "", deadlineAt } = await fleet.recovery(id);
    expect(Date.parse(deadlineAt ?? "")).toBe(Date.parse(startedAt) + 2 * hour);
    fleet.clock.advance(2 * hour);
    const stopped = await fleet.until(id, "the end", timedOut);
    expect(stopped.aside).toBe("kept");
    expect(stopped.steps.find((step) => step.id === "db/start")?.state).toBe("cancelled");
    const { items } = (await fleet.test.call("viewer", "/api/v1/audit?limit=200")).json();
    const acts = items.filter(({ action }: { action: string }) => action === "recovery.deadline");
    expect(acts).toMatchObject([{ actor: "system", subject: id, details: { deadline: deadlineAt } }]);
    fleet.hosts["db-1"].behave(doesWell);
    await fleet.act(id, "roll-back");
    await fleet.until(id, "the way back", ({ state }) => state === "rolled_back");
  });

  it("holds when it passes while no control plane runs", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const id = await slowRecovery(fleet);
    await fleet.restart();
    expect((await fleet.recovery(id)).state).toBe("running");
    fleet.clock.advance(2 * hour);
    await fleet.restart();
    await fleet.until(id, "the end", timedOut);
  });
});
