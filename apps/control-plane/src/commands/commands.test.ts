import { waitFor } from "@muster/core/testing";
import { commands } from "@muster/database";
import { forEachDatabase } from "@muster/database/testing";
import { type CommandFinished, create, RunActionSchema } from "@muster/protocol/grpc";
import { expect, it } from "vitest";
import type { NewCommand } from "../context.ts";
import { connectAgent, enrolledHost, type TestControlPlane, testControlPlane } from "../testing/index.ts";

const done = { case: "action", value: { exitCode: 0, output: "ok" } } as const;

function command(changes: Partial<NewCommand> = {}): NewCommand {
  return {
    id: "rec_1/step",
    attempt: 1,
    host: "db-1",
    target: "action/start",
    fenced: true,
    owner: "recovery",
    ownerId: "rec_1",
    timeoutMs: 60_000,
    work: { case: "action", value: create(RunActionSchema, { action: "start" }) },
    ...changes,
  };
}

async function queue(test: TestControlPlane, changes: Partial<NewCommand> = {}): Promise<void> {
  await test.cp.db.transaction((tx) => test.commands.queue(tx, command(changes)));
  test.commands.wake();
}

/** Registers an owner that keeps what it is told. */
function recordResults(test: TestControlPlane): CommandFinished[] {
  const results: CommandFinished[] = [];
  test.commands.handle("recovery", { finished: async (_tx, _command, outcome) => void results.push(outcome) });
  return results;
}

forEachDatabase("commands", (open) => {
  it("reach a host when it connects, and their result is handled once and confirmed", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    const results = recordResults(test);
    await enrolledHost(test, "db-1");
    await queue(test);
    const agent = connectAgent(test, "db-1");
    const received = await agent.hear("command");
    expect(received).toMatchObject({ commandId: "rec_1/step", attempt: 1, epoch: 1n, work: { case: "action" } });
    agent.finish(received, done);
    await agent.hear("stored");
    agent.finish(received, done);
    await waitFor(
      "the second confirmation",
      () => agent.heard.filter(({ message }) => message.case === "stored").length === 2,
    );
    expect(results).toHaveLength(1);
  });

  it("that are queued twice are sent once; each new fenced one takes a higher epoch", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    await enrolledHost(test, "db-1");
    await queue(test);
    await queue(test);
    await queue(test, { attempt: 2 });
    test.clock.advance(1);
    await queue(test, { id: "read", fenced: false });
    const agent = connectAgent(test, "db-1");
    await agent.hear("command", ({ commandId }) => commandId === "read");
    const sent = agent.heard.flatMap(({ message }) => (message.case === "command" ? [message.value] : []));
    expect(sent.map(({ commandId, attempt, epoch }) => [commandId, attempt, epoch])).toEqual([
      ["rec_1/step", 1, 1n],
      ["rec_1/step", 2, 2n],
      ["read", 1, 0n],
    ]);
  });

  it("whose owner fails are not confirmed, and the result counts when it comes again", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    let fails = true;
    const results: string[] = [];
    test.commands.handle("recovery", {
      async finished(_tx, { id }) {
        if (fails) throw new Error("the disk is full");
        results.push(id);
      },
    });
    await enrolledHost(test, "db-1");
    await queue(test);
    const first = connectAgent(test, "db-1");
    const received = await first.hear("command");
    first.finish(received, done);
    await expect(first.ended).rejects.toThrow("the disk is full");
    fails = false;
    const { commandId, attempt } = received;
    const second = connectAgent(test, "db-1", { unconfirmed: [{ commandId, attempt, outcome: done }] });
    await second.hear("stored");
    expect(first.heard.some(({ message }) => message.case === "stored")).toBe(false);
    expect(results).toEqual(["rec_1/step"]);
  });

  it("of an older attempt decide nothing when they end late", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    const results = recordResults(test);
    await enrolledHost(test, "db-1");
    await queue(test);
    await queue(test, { attempt: 2 });
    const agent = connectAgent(test, "db-1");
    agent.finish(await agent.hear("command", ({ attempt }) => attempt === 1), done);
    await agent.hear("stored", ({ attempt }) => attempt === 1);
    agent.finish(await agent.hear("command", ({ attempt }) => attempt === 2), done);
    await agent.hear("stored", ({ attempt }) => attempt === 2);
    expect(results.map(({ attempt }) => attempt)).toEqual([2]);
  });

  it("that the agent never got are sent again; those it runs are adopted; those nobody waits for are stopped", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    await enrolledHost(test, "db-1");
    await queue(test);
    await queue(test, { id: "runs" });
    const first = connectAgent(test, "db-1");
    await first.hear("command", ({ commandId }) => commandId === "runs");
    await first.leave();

    const second = connectAgent(test, "db-1", {
      running: [
        { commandId: "runs", attempt: 1 },
        { commandId: "forgotten", attempt: 1 },
      ],
    });
    expect((await second.hear("welcome")).stop).toEqual(["forgotten"]);
    expect((await second.hear("command")).commandId).toBe("rec_1/step");
    const rows = await test.cp.db.select().from(commands);
    expect(rows.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual(["rec_1/step sent", "runs running"]);
  });

  it("that are cancelled before they were sent finish as cancelled and are never sent", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    const results = recordResults(test);
    await enrolledHost(test, "db-1");
    await queue(test);
    await test.commands.cancel(test.cp.db, "rec_1/step", "not wanted");
    await test.commands.pass({ expire: false });
    expect(results[0]?.outcome).toMatchObject({ case: "failure", value: { code: "cancelled" } });
    const agent = connectAgent(test, "db-1");
    await agent.hear("welcome");
    await test.commands.pass({ expire: false });
    expect(agent.heard.some(({ message }) => message.case === "command")).toBe(false);
  });

  it("that are cancelled while they run reach the agent, whose result still comes", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    const results = recordResults(test);
    await enrolledHost(test, "db-1");
    await queue(test);
    const agent = connectAgent(test, "db-1");
    const received = await agent.hear("command");
    await test.commands.cancel(test.cp.db, received.commandId, "operator");
    test.commands.wake();
    expect(await agent.hear("cancel")).toMatchObject({ commandId: received.commandId, reason: "operator" });
    agent.finish(received, { case: "failure", value: { code: "cancelled", message: "stopped" } });
    await agent.hear("stored");
    expect(results).toHaveLength(1);
  });

  it("whose time is over are stopped, then finish as timeout", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    const results = recordResults(test);
    await enrolledHost(test, "db-1");
    await queue(test);
    const agent = connectAgent(test, "db-1");
    await agent.hear("command");
    test.clock.advance(91_000);
    await test.commands.pass({ expire: true });
    await agent.hear("cancel");
    expect(results).toEqual([]);
    test.clock.advance(31_000);
    await test.commands.pass({ expire: true });
    expect(results[0]?.outcome).toMatchObject({ case: "failure", value: { code: "timeout" } });
  });

  it("that ask a question get its answer, a refusal from an offline host, and a timeout from a silent one", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    await enrolledHost(test, "db-1");
    const { id, host, target, work } = command({ id: "ask-1" });
    const question = { id, host, target, work, timeoutMs: 60_000 };
    await expect(test.commands.ask(question)).rejects.toMatchObject({ code: "host-offline" });
    const agent = connectAgent(test, "db-1");
    await agent.hear("welcome");
    const answer = test.commands.ask(question);
    agent.finish(await agent.hear("command"), done);
    expect((await answer).outcome.case).toBe("action");
    const gaveUp = new AbortController();
    const silent = test.commands.ask({ ...question, id: "ask-2" }, gaveUp.signal);
    await agent.hear("command", ({ commandId }) => commandId === "ask-2");
    gaveUp.abort();
    await expect(silent).rejects.toMatchObject({ code: "cancelled" });
    await agent.hear("cancel", ({ commandId }) => commandId === "ask-2");
  });
});
