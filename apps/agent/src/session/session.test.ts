import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { type CommandSchema, durationFromMs, type MessageInitShape } from "@muster/protocol/grpc";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { processIdentity } from "../data/processes.ts";
import { type AgentProcess, runAgentCommand, startAgent } from "../testing/agent-process.ts";
import { type Authority, makeAuthority, startTestPlane, type TestPlane } from "../testing/control-plane.ts";

let authority: Authority;
let plane: TestPlane;
let folder: string;
let config: string;
const agents: AgentProcess[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});

beforeEach(async () => {
  plane = await startTestPlane(authority);
  folder = mkdtempSync(join(tmpdir(), "muster-agent-"));
  config = join(folder, "agent.yaml");
  writeFileSync(
    config,
    `data: ${folder}/data
actions:
  hello: { argv: [echo, "hello there"] }
  count: { argv: [sh, -c, "echo run >> ${folder}/runs"] }
  wait: { argv: [sh, -c, "echo run >> ${folder}/runs; sleep 60 & sleep 60"] }
  fail: { argv: [sh, -c, "echo broken >&2; exit 3"] }
  environment: { argv: [env] }
probes:
  file: { type: action, action: ready, interval: 1s, retries: 0 }
limits: { grace: 500ms }
`.replace("probes:", `  ready: { argv: [test, -e, "${folder}/ready"] }\nprobes:`),
  );
});

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.end("SIGKILL")));
  plane.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connectedAgent(): Promise<AgentProcess> {
  const enrolled = await runAgentCommand(["enroll", "--config", config], { MUSTER_ENROLMENT_TOKEN: plane.token() });
  expect(enrolled.output).toContain("enrolled as db-1");
  return run();
}

async function run(): Promise<AgentProcess> {
  const before = plane.sessions.length;
  const agent = startAgent(["run", "--config", config]);
  agents.push(agent);
  await waitFor("a session", () => plane.sessions.length > before && plane.of("heartbeat").length > 0);
  return agent;
}

type CommandInit = MessageInitShape<typeof CommandSchema>;

function command(commandId: string, action: string, changes: CommandInit = {}): void {
  const work = { case: "action" as const, value: { action } };
  plane.send({
    case: "command",
    value: { commandId, attempt: 1, target: `action/${action}`, epoch: 1n, work, ...changes },
  });
}

async function result(commandId: string, count = 1) {
  const results = await waitFor(`result ${count} of ${commandId}`, () => {
    const found = plane.of("finished").filter((one) => one.commandId === commandId);
    return found.length >= count ? found : undefined;
  });
  return results[count - 1]?.outcome;
}

function failureOf(outcome: Awaited<ReturnType<typeof result>>) {
  return outcome?.case === "failure" ? outcome.value : undefined;
}

describe("an enrolled agent", () => {
  it("says hello, sends heartbeats with load, disks and clock offset, and runs an action", async () => {
    await connectedAgent();
    expect(plane.of("hello")[0]?.inventory?.actions).toContain("hello");
    const beat = await waitFor("an offset", () => plane.of("heartbeat").find((one) => one.clockOffsetMs !== undefined));
    expect(beat.clockOffsetMs).toBeGreaterThan(4000);
    expect(beat.clockOffsetMs).toBeLessThan(6000);
    expect(beat.load?.disks.length).toBe(1);
    command("c1", "hello");
    expect(await result("c1")).toMatchObject({ case: "action", value: { exitCode: 0, output: "hello there\n" } });
    expect(plane.of("started").map((one) => one.commandId)).toEqual(["c1"]);
  });

  it("keeps its key to itself and gives actions a clean environment", async () => {
    await connectedAgent();
    expect(statSync(join(folder, "data/identity.json")).mode & 0o777).toBe(0o600);
    command("c1", "environment");
    const outcome = await result("c1");
    const names = outcome?.case === "action" ? outcome.value.output.match(/^[A-Z_]+(?==)/gm) : [];
    expect(names?.filter((name) => !["PATH", "HOME", "LANG", "TZ", "PWD", "_", "SHLVL"].includes(name))).toEqual([]);
  });

  it("answers a repeat from the journal and runs nothing twice, also after a restart", async () => {
    const agent = await connectedAgent();
    command("c1", "count");
    await result("c1");
    command("c1", "count");
    await result("c1", 2);
    expect(await agent.end()).toBe(0);
    await run();
    command("c1", "count");
    expect(await result("c1", 3)).toMatchObject({ case: "action" });
    expect(readFileSync(join(folder, "runs"), "utf8")).toBe("run\n");
  });

  it("reports what it was killed in as interrupted, and leaves no process of it", async () => {
    const agent = await connectedAgent();
    command("c1", "wait");
    await waitFor("the action", () => statSync(join(folder, "runs"), { throwIfNoEntry: false }) !== undefined);
    const journal = () => readFileSync(join(folder, "data/journal.jsonl"), "utf8");
    const pid = await waitFor("its pid", () => /"pid":(\d+)/.exec(journal())?.[1]);
    await agent.end("SIGKILL");
    await run();
    const unconfirmed = plane.of("hello").at(-1)?.unconfirmed;
    expect(unconfirmed).toMatchObject([
      { commandId: "c1", outcome: { value: { code: "command-interrupted", retryable: true } } },
    ]);
    expect(processIdentity(Number(pid))).toBeUndefined();
  });

  it("keeps results until they are stored", async () => {
    plane.confirm = false;
    const agent = await connectedAgent();
    command("c1", "hello");
    await result("c1");
    await agent.end();
    await run();
    expect(
      plane
        .of("hello")
        .at(-1)
        ?.unconfirmed.map((one) => one.commandId),
    ).toEqual(["c1"]);
  });

  it("refuses an epoch lower than one it has seen, also after a restart", async () => {
    const agent = await connectedAgent();
    command("c1", "hello", { epoch: 7n });
    await result("c1");
    await agent.end();
    await run();
    expect(plane.of("hello").at(-1)?.epochs).toEqual({ "action/hello": 7n });
    command("c2", "hello", { epoch: 6n });
    expect(failureOf(await result("c2"))?.code).toBe("command-stale");
    command("c3", "hello", { epoch: 7n });
    expect(await result("c3")).toMatchObject({ case: "action" });
  });

  it("ends the whole process group of an action that is cancelled or too slow", async () => {
    await connectedAgent();
    command("c1", "wait");
    await waitFor("the start", () => plane.of("started").length === 1);
    command("busy", "wait");
    expect(failureOf(await result("busy"))?.code).toBe("source-busy");
    plane.send({ case: "cancel", value: { commandId: "c1", reason: "test" } });
    expect(failureOf(await result("c1"))?.code).toBe("cancelled");
    command("c2", "wait", { timeout: durationFromMs(300) });
    expect(failureOf(await result("c2"))?.code).toBe("timeout");
  });

  it("tells failing and unknown actions apart", async () => {
    await connectedAgent();
    command("c1", "fail");
    expect(failureOf(await result("c1"))).toMatchObject({
      code: "action-failed",
      details: { exitCode: 3, output: "broken\n" },
    });
    command("c2", "rm-rf");
    expect(failureOf(await result("c2"))?.code).toBe("action-unknown");
  });

  it("passes a gate when its probes hold and fails it with the last message", async () => {
    await connectedAgent();
    const gate = (deadline: number) => ({
      case: "gate" as const,
      value: { probes: ["file"], interval: durationFromMs(100), successes: 2, deadline: durationFromMs(deadline) },
    });
    command("g1", "", { target: "gate/app", epoch: 0n, work: gate(400) });
    const failed = failureOf(await result("g1"));
    expect(failed?.code).toBe("gate-failed");
    expect(failed?.message).toContain("ready exited with 1");
    command("g2", "", { target: "gate/app", epoch: 0n, work: gate(20_000) });
    await waitFor("progress", () => plane.of("progress").length > 0);
    writeFileSync(join(folder, "ready"), "");
    expect(await result("g2")).toMatchObject({ case: "gate" });
    await waitFor("the probe's state", () => plane.of("probes").some((one) => one.results[0]?.state === "passing"));
  });

  it("goes on working while the stream is down and sends the result afterwards", async () => {
    await connectedAgent();
    command("c1", "wait", { timeout: durationFromMs(1500) });
    await waitFor("the start", () => plane.of("started").length === 1);
    plane.hangUp();
    await waitFor("a second session", () => plane.sessions.length === 2);
    expect(failureOf(await result("c1"))?.code).toBe("timeout");
    expect(
      plane
        .of("hello")
        .at(-1)
        ?.running.map((one) => one.commandId),
    ).toEqual(["c1"]);
  });

  it("renews its certificate and changes to it without losing the journal", async () => {
    plane.certificateLife = 6000;
    const enrolled = await runAgentCommand(["enroll", "--config", config], { MUSTER_ENROLMENT_TOKEN: plane.token() });
    expect(enrolled.status).toBe(0);
    plane.certificateLife = 3_600_000;
    await run();
    await waitFor("another certificate", () => new Set(plane.sessions.map(({ serial }) => serial)).size > 1);
    command("c1", "hello");
    expect(await result("c1")).toMatchObject({ case: "action" });
  });

  it("says clearly that its certificate was revoked and does not hurry back", async () => {
    const agent = await connectedAgent();
    plane.send({ case: "goodbye", value: { code: "certificate-revoked", message: "revoked by an operator" } });
    await waitFor("the message", () => agent.output().includes("certificate was revoked: revoked by an operator"));
    expect(plane.sessions.length).toBe(1);
  });

  it("refuses a second agent on the same data directory", async () => {
    const agent = await connectedAgent();
    const second = await runAgentCommand(["run", "--config", config]);
    expect(second.status).toBe(1);
    expect(second.output).toContain(`another muster-agent (pid ${agent.child.pid})`);
  });
});
