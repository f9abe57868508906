import { activeTargets, stepHistory } from "@muster/database";
import { forEachDatabase } from "@muster/database/testing";
import type { ApiRecovery, ApiServiceStatus } from "@muster/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { renderMetrics } from "../status/metrics.ts";
import { order, type SharedRepository, sharedRepository, testFleet } from "./testing/test-fleet.ts";
import { type Behaviour, doesWell, failsWith } from "./testing/test-host.ts";

let repository: SharedRepository;
beforeAll(async () => {
  repository = await sharedRepository();
});
afterAll(() => repository[Symbol.dispose]());

const stateOf = (recovery: ApiRecovery, step: string) => recovery.steps.find(({ id }) => id === step)?.state;
const ended = ({ state }: ApiRecovery): boolean =>
  ["succeeded", "completed_with_exceptions", "failed", "cancelled", "rolled_back"].includes(state);

forEachDatabase("a recovery", (open) => {
  it("checks, stops everything, brings back tier after tier, and measures it", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const id = await fleet.begin({ failureAt: "2026-03-02T11:59:00Z" });
    const recovery = await fleet.until(id, "the end", ended);
    expect(recovery).toMatchObject({ state: "succeeded", aside: "kept", findings: [] });
    const began = [...fleet.hosts["app-1"].began, ...fleet.hosts["db-1"].began].filter((key) => key.startsWith(id));
    expect(began.sort()).toEqual(order.map((step) => `${id}/${step}/1`).sort());
    const times = order.map((step) => Date.parse(recovery.steps.find((each) => each.id === step)?.finishedAt ?? ""));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(recovery.achieved?.rtoMs).toBe(Date.parse(recovery.finishedAt ?? "") - Date.parse("2026-03-02T11:59:00Z"));
    expect(recovery.achieved?.rpoMs).toBe(9 * 60_000);
    expect(await database.db.select().from(activeTargets)).toEqual([]);
    const measured = (await database.db.select().from(stepHistory)).map(({ service, work }) => `${service}: ${work}`);
    expect(measured.toSorted()).toEqual(
      [
        ...["db: action start-db", "db: action stop-db", "db: gate", "db: restore orders"],
        ...["shop: action start-shop", "shop: action stop-shop", "shop: gate", "shop: restore receipts"],
      ].toSorted(),
    );
  });

  it("is forecast from what earlier ones took", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const first = await fleet.test.call("operator", "/api/v1/recoveries/preview", {});
    expect(first.json().forecastMs).toBeUndefined();
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
    const id = await fleet.begin();
    await fleet.until(id, "the restore", (now) => stateOf(now, "db/restore/orders") === "running");
    fleet.clock.advance(10_000);
    const done = { case: "restored", value: { bytes: 5_000_000n, asideId: "x" } } as const;
    fleet.hosts["db-1"].finish(({ work }) => work.case === "restore", done);
    await fleet.until(id, "the end", ended);
    const second = (await fleet.test.call("operator", "/api/v1/recoveries/preview", {})).json();
    const { services } = (await fleet.test.call("viewer", "/api/v1/status")).json();
    const seconds = new Map(
      services.map((each: { service: string; forecastSeconds?: number }) => [each.service, each.forecastSeconds]),
    );
    expect(seconds.get("db")).toBeGreaterThanOrEqual(10);
    expect(seconds.get("shop")).toBeLessThan(10);
    const metrics = await renderMetrics(fleet.test.cp);
    expect(metrics.text).toContain(`muster_forecast_rto_seconds{service="db",tier="1"} ${seconds.get("db")}`);
    expect(second.forecastMs).toBeGreaterThan(10_000);
    expect(second.forecastMs).toBeLessThan(20_000);
    expect(second.criticalPath).toEqual(order);
  });

  it("drops what lies aside once it is accepted, and then cannot be rolled back", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const id = await fleet.begin();
    await fleet.until(id, "the end", ended);
    expect((await fleet.act(id, "accept")).statusCode).toBe(202);
    const accepted = await fleet.until(id, "the acceptance", ({ aside }) => aside === "accepted");
    expect(stateOf(accepted, "accept/db/restore/orders")).toBe("succeeded");
    const refused = await fleet.act(id, "roll-back");
    expect(refused.json()).toMatchObject({ status: 409, code: "conflict" });
  });

  it("puts back what lies aside when it is rolled back", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const id = await fleet.begin();
    await fleet.until(id, "the end", ended);
    await fleet.act(id, "roll-back");
    const back = await fleet.until(id, "the way back", ({ state }) => state === "rolled_back");
    expect(stateOf(back, "rollback/db/restore/orders")).toBe("succeeded");
    expect(await database.db.select().from(activeTargets)).toEqual([]);
  });

  it("is not rolled back before a newer one of the same target is", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const older = await fleet.begin();
    await fleet.until(older, "the end of the older one", ended);
    fleet.clock.advance(1000);
    const newer = await fleet.begin({ services: ["db"] });
    await fleet.until(newer, "the end of the newer one", ended);
    const refused = await fleet.act(older, "roll-back");
    expect(refused.json()).toMatchObject({
      ...{ status: 409, code: "recovery-superseded", details: { recovery: newer, targets: ["db-1/orders"] } },
      hint: `Roll back the newer one first: muster recoveries rollback ${newer}`,
    });
    expect(await database.db.select().from(activeTargets)).toEqual([]);
    for (const id of [newer, older]) {
      expect((await fleet.act(id, "roll-back")).statusCode, id).toBe(202);
      await fleet.until(id, "the way back", ({ state }) => state === "rolled_back");
    }
  });

  it("does not restore once more what a newer one has restored, nor undo what was accepted", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const broken = failsWith("source-failed", false);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? broken : doesWell(command)));
    const older = await fleet.begin();
    await fleet.until(older, "the failure", ended);
    fleet.hosts["db-1"].behave(doesWell);
    fleet.clock.advance(1000);
    const newer = await fleet.begin();
    await fleet.until(newer, "the end", ended);
    expect((await fleet.act(older, "retry", { step: "db/restore/orders" })).json().code).toBe("recovery-superseded");
    await fleet.act(newer, "accept");
    await fleet.until(newer, "the acceptance", ({ aside }) => aside === "accepted");
    const refused = (await fleet.act(older, "roll-back")).json();
    expect(refused).toMatchObject({ code: "recovery-superseded", hint: expect.stringContaining("was accepted") });
  });

  it("is refused while another works on one of its targets, with the other's id", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
    const id = await fleet.begin({ services: ["db"] });
    const second = await fleet.test.call("operator", "/api/v1/recoveries", {});
    expect(second.json()).toMatchObject({ status: 409, code: "recovery-active", details: { recovery: id } });
    const beside = await fleet.test.call("operator", "/api/v1/recoveries", { services: ["shop"] });
    expect(beside.statusCode).toBe(202);
  });

  it("waits for a second person where the scenario asks for one", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const answer = await fleet.test.call("admin", "/api/v1/recoveries", { scenario: "all" });
    const { id } = answer.json();
    const waiting = await fleet.until(id, "the checks", ({ state }) => state === "awaiting_approval");
    expect((await fleet.act(id, "approve", { hash: waiting.hash })).json().code).toBe("forbidden");
    expect((await fleet.act(id, "approve", { hash: waiting.hash }, "admin")).json().code).toBe("forbidden");
    expect((await fleet.act(id, "approve", { hash: "other" }, "approver")).json().code).toBe("approval-void");
    expect((await fleet.recovery(id)).state).toBe("awaiting_approval");
    expect((await fleet.act(id, "approve", { hash: waiting.hash }, "approver")).statusCode).toBe(202);
    const done = await fleet.until(id, "the end", ended);
    expect(done).toMatchObject({ state: "succeeded", approval: { by: "user:test-approver" } });
  });

  it("fails before anything is touched when a check finds an error", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository, { online: ["db-1"] });
    fleet.hosts["db-1"].behave((command) => {
      const finding = { severity: "error", code: "space-insufficient", message: "no room", hint: "Make room." };
      return command.work.case === "checkRestore" ? { case: "check", value: { findings: [finding] } } : "works";
    });
    const id = await fleet.begin();
    const failed = await fleet.until(id, "the checks", ended);
    expect(failed.state).toBe("failed");
    expect(failed.findings.map(({ code, subject }) => `${code} ${subject}`).sort()).toEqual([
      "host-offline app-1",
      "space-insufficient db-1/orders",
    ]);
    expect(fleet.hosts["db-1"].began.filter((key) => key.startsWith(id))).toEqual([]);
    expect(await database.db.select().from(activeTargets)).toEqual([]);
  });

  it("is checked again on request when what a check found is mended", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const finding = { severity: "error", code: "space-insufficient", message: "no room", hint: "Make room." };
    fleet.hosts["db-1"].behave(({ work }) =>
      work.case === "checkRestore" ? { case: "check", value: { findings: [finding] } } : "works",
    );
    const id = await fleet.begin();
    expect((await fleet.until(id, "the checks", ended)).state).toBe("failed");
    fleet.hosts["db-1"].behave(doesWell);
    expect((await fleet.act(id, "retry")).json().state).toBe("checking");
    expect(await database.db.select().from(activeTargets)).not.toEqual([]);
    expect(await fleet.until(id, "the end", ended)).toMatchObject({ state: "succeeded", findings: [] });
    const refused = await fleet.act(id, "retry");
    expect(refused.json()).toMatchObject({
      code: "conflict",
      hint: `See which step failed: muster recoveries show ${id}`,
    });
  });

  it("lets a step stop a running server, but no step excuses one that is down without a prepare action", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const found =
      (code: string): Behaviour =>
      (command) =>
        command.work.case === "checkRestore"
          ? ({
              case: "check",
              value: { findings: [{ severity: "error", code, message: "so it is", hint: "" }] },
            } as const)
          : doesWell(command);
    fleet.hosts["db-1"].behave(found("source-running"));
    const recovered = await fleet.until(await fleet.begin(), "the end", ended);
    expect(recovered.state).toBe("succeeded");
    expect(recovered.findings).toMatchObject([{ severity: "info", code: "source-running", subject: "db-1/orders" }]);
    fleet.hosts["db-1"].behave(found("source-unavailable"));
    const refused = await fleet.until(await fleet.begin(), "the end", ended);
    expect(refused).toMatchObject({ state: "failed", findings: [{ severity: "error", code: "source-unavailable" }] });
  });

  it("tries again what may be tried again, fails when it stays so, and goes on when somebody retries", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const broken = failsWith("source-failed", true);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? broken : doesWell(command)));
    const id = await fleet.begin();
    const failed = await fleet.until(id, "the failure", ended);
    expect(failed.state).toBe("failed");
    const restore = failed.steps.find((step) => step.id === "db/restore/orders");
    expect(restore).toMatchObject({ state: "failed", attempt: 3, error: { code: "source-failed" } });
    fleet.hosts["db-1"].behave(doesWell);
    expect((await fleet.act(id, "retry", { step: "db/restore/orders" })).statusCode).toBe(202);
    const done = await fleet.until(id, "the end", ended);
    expect(done.state).toBe("succeeded");
    expect(done.steps.find((step) => step.id === "db/restore/orders")?.attempt).toBe(4);
  });

  it("lets only an approver skip a gate, and says afterwards that there were exceptions", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const closed = failsWith("gate-failed", false);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "gate" ? closed : doesWell(command)));
    const id = await fleet.begin();
    await fleet.until(id, "the failure", ended);
    const skip = { step: "db/gate", reason: "the probe is wrong" };
    expect((await fleet.act(id, "skip", skip)).json().code).toBe("forbidden");
    expect((await fleet.act(id, "skip", skip, "approver")).statusCode).toBe(202);
    expect((await fleet.until(id, "the end", ended)).state).toBe("completed_with_exceptions");
  });

  it("stops what is in hand when it is cancelled, and can be rolled back", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
    const id = await fleet.begin();
    await fleet.until(id, "the restore", (now) => stateOf(now, "db/restore/orders") === "running");
    await fleet.act(id, "cancel", { reason: "wrong point" });
    const cancelled = await fleet.until(id, "the end", ended);
    expect(cancelled).toMatchObject({ state: "cancelled", reason: "wrong point", aside: "kept" });
    expect(stateOf(cancelled, "db/restore/orders")).toBe("cancelled");
    fleet.hosts["db-1"].behave(doesWell);
    await fleet.act(id, "roll-back");
    await fleet.until(id, "the way back", ({ state }) => state === "rolled_back");
  });

  it("begins nothing new while it is paused", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
    const id = await fleet.begin();
    await fleet.until(id, "the restore", (now) => stateOf(now, "db/restore/orders") === "running");
    await fleet.act(id, "pause");
    fleet.hosts["db-1"].finish(({ work }) => work.case === "restore", { case: "restored", value: { asideId: "x" } });
    const paused = await fleet.until(id, "its end", (now) => stateOf(now, "db/restore/orders") === "succeeded");
    expect(paused.state).toBe("paused");
    expect(stateOf(paused, "db/start")).toBe("pending");
    await fleet.act(id, "resume");
    expect((await fleet.until(id, "the end", ended)).state).toBe("succeeded");
  });

  it("takes a silent host for unknown, and adopts its work when it is back", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
    const id = await fleet.begin();
    await fleet.until(id, "the restore", (now) => stateOf(now, "db/restore/orders") === "running");
    await fleet.hosts["db-1"].leave();
    await fleet.until(id, "the silence", (now) => stateOf(now, "db/restore/orders") === "unknown");
    fleet.hosts["db-1"].finish(({ work }) => work.case === "restore", { case: "restored", value: { asideId: "x" } });
    await fleet.hosts["db-1"].connect(fleet.test);
    const done = await fleet.until(id, "the end", ended);
    expect(done.state).toBe("succeeded");
    expect(fleet.hosts["db-1"].began.filter((key) => key.includes("/restore/"))).toEqual([`${id}/db/restore/orders/1`]);
  });

  it("audits who did what, and to which other host a key was given", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository, { online: ["db-2", "app-1"] });
    const id = await fleet.begin({ onto: { "db-1": "db-2" } });
    expect((await fleet.until(id, "the end", ended)).state).toBe("succeeded");
    const { items } = (await fleet.test.call("viewer", "/api/v1/audit?limit=200")).json();
    const actions = items.map(({ action }: { action: string }) => action);
    expect(actions).toContain("recovery.create");
    const grants = items.filter(({ action }: { action: string }) => action === "key.grant");
    expect(grants.map(({ details }: { details: { host: string } }) => details.host)).toEqual(["db-2", "db-2"]);
    const ends = items.filter(({ action }: { action: string }) => action === "key.grant-end");
    const subjects = (entries: { subject: string }[]) => new Set(entries.map(({ subject }) => subject));
    expect(subjects(ends)).toEqual(subjects(grants));
    const seqOf = (entries: { seq: number }[]) => entries.map(({ seq }) => seq);
    expect(Math.min(...seqOf(ends))).toBeGreaterThan(Math.max(...seqOf(grants)));
    expect((await fleet.test.call("viewer", "/api/v1/audit/verify")).json().ok).toBe(true);
  });

  it("says where a service is while the plan still has it elsewhere", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository, { online: ["db-2", "app-1"] });
    const movedTo = async () =>
      (await fleet.test.call("viewer", "/api/v1/status")).json().services.map((one: ApiServiceStatus) => one.movedTo);
    expect(await movedTo()).toEqual([undefined, undefined]);
    const id = await fleet.begin({ onto: { "db-1": "db-2" } });
    const done = await fleet.until(id, "the end", ended);
    expect(done.moves).toEqual([{ service: "db", from: "db-1", to: "db-2" }]);
    expect(await movedTo()).toEqual(["db-2", undefined]);
  });

  it("says at once why it cannot be: the future, before the first point, unknown names, no drill yet", async () => {
    await using database = await open();
    await using fleet = await testFleet(database, repository);
    const codeOf = async (body: object): Promise<string> =>
      (await fleet.test.call("operator", "/api/v1/recoveries", body)).json().code;
    expect(await codeOf({ target: "2026-03-02T13:00:00Z" })).toBe("target-in-future");
    expect(await codeOf({ target: "2026-03-01T12:00:00Z" })).toBe("target-before-first-point");
    expect(await codeOf({ services: ["nothing"] })).toBe("not-found");
    expect(await codeOf({ scenario: "nothing" })).toBe("not-found");
    expect(await codeOf({ mode: "drill" })).toBe("drill-unsupported");
    expect(await database.db.select().from(activeTargets)).toEqual([]);
  });
});
