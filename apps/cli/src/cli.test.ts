import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "./cli.ts";
import { sampleRecovery } from "./render/sample.ts";
import { type TestTerminal, testTerminal } from "./testing-terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function muster(
  args: readonly string[],
  terminal = testTerminal(folder),
): Promise<{ code: number; terminal: TestTerminal }> {
  return { code: await runCli(args, terminal), terminal };
}

type Answer = { readonly status?: number; readonly body: unknown } | { readonly stream: readonly string[] };

/** A control plane in name only: answers each path as it is told. Its requests are kept. */
async function peer(answers: Readonly<Record<string, Answer>>) {
  const requests: { readonly path: string; readonly token: string | undefined; readonly key: unknown }[] = [];
  const server = createServer((request, response) => {
    const path = `${request.method} ${request.url?.split("?")[0]}`;
    requests.push({ path, token: request.headers.authorization, key: request.headers["idempotency-key"] });
    const answer = answers[path] ?? { status: 404, body: "no such thing" };
    if ("stream" in answer) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const part of answer.stream) response.write(part);
      return;
    }
    response.writeHead(answer.status ?? 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    requests,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const problem = (status: number, code: string, detail: string): Answer => ({
  status,
  body: { type: `/errors/${code}`, title: "t", status, detail, code, hint: "Do this.", retryable: false },
});

describe("muster", () => {
  it("ends with 2 for what it does not know, and 0 for help", async () => {
    expect((await muster(["recovr"])).code).toBe(2);
    expect((await muster(["recover", "--bogus"])).code).toBe(2);
    expect((await muster(["--help"])).code).toBe(0);
    const { code, terminal } = await muster(["recover", "--onto", "db-1"]);
    expect(code).toBe(2);
    expect(terminal.errors()).toBe(
      'error: --onto "db-1" is not of the form OLD=NEW\n  Write it like --onto db-1=db-2. (usage)\n',
    );
  });

  it("says in two lines that no control plane answers", async () => {
    const { code, terminal } = await muster(["--server", "http://127.0.0.1:1", "status"]);
    expect(code).toBe(1);
    expect(terminal.errors()).toMatch(
      /^error: the control plane at http:\/\/127.0.0.1:1 does not answer: .*\n {2}Start it with: muster up.*\n$/,
    );
  });

  it("says what the control plane's problem document says, as JSON when asked for", async () => {
    await using server = await peer({ "GET /api/v1/hosts": problem(403, "forbidden", "viewers may not") });
    const { code, terminal } = await muster(["--server", server.url, "--token", "secret", "agents"]);
    expect(code).toBe(1);
    expect(terminal.errors()).toBe("error: viewers may not\n  Do this. (forbidden)\n");
    expect(server.requests[0]?.token).toBe("Bearer secret");
    const json = await muster(["--server", server.url, "--json", "agents"]);
    expect(JSON.parse(json.terminal.errors())).toMatchObject({ error: { code: "forbidden", hint: "Do this." } });
  });

  it("sends the local admin token to no other server", async () => {
    await using server = await peer({ "GET /api/v1/hosts": { body: { items: [] } } });
    const data = join(folder, "token");
    writeFileSync(data, "admin-secret");
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "muster-data"));
    const endpoints = (http: string) =>
      writeFileSync(join(folder, "muster-data", "endpoints.json"), JSON.stringify({ http, adminToken: data }));
    endpoints("http://127.0.0.1:1");
    expect((await muster(["--server", server.url, "agents"])).code).toBe(0);
    expect(server.requests[0]?.token).toBeUndefined();
    endpoints(server.url);
    expect((await muster(["agents"])).code).toBe(0);
    expect(server.requests[1]?.token).toBe("Bearer admin-secret");
  });

  it("says once what is doubtful about a source's points", async () => {
    const at = "2026-03-02T12:00:00Z";
    const times = { startedAt: at, takenAt: at, finishedAt: at };
    const place = { service: "db", source: "orders", sourceType: "postgres", repository: "main", host: "db-1" };
    const warnings = [{ code: "wrong-target", message: "another PostgreSQL cluster", hint: "Look who listens." }];
    const sizes = { logicalBytes: 1, storedBytes: 1, entries: 1 };
    const point = { ...place, ...times, ...sizes, facts: {}, damaged: false, warnings };
    const items = [
      { id: "p2", ...point },
      { id: "p1", ...point },
    ];
    const started = { id: "b1", ...place, trigger: "manual", state: "succeeded", createdAt: at, pointId: "p2" };
    await using server = await peer({
      "GET /api/v1/points": { body: { items } },
      "GET /api/v1/points/p2": { body: items[0] },
      "POST /api/v1/backups": { body: { backups: [started] } },
      "GET /api/v1/backups/b1": { body: started },
    });
    const said = "warning: point p2 of db/orders: another PostgreSQL cluster\n  Look who listens.\n";
    const points = await muster(["--server", server.url, "points"]);
    expect(points.terminal.errors()).toBe(said);
    const backup = await muster(["--server", server.url, "backup", "db", "--wait"]);
    expect(backup.code).toBe(0);
    expect(backup.terminal.errors()).toContain(said);
  });

  it("asks the server nothing when nobody can confirm a recovery", async () => {
    await using server = await peer({});
    const { code, terminal } = await muster(["--server", server.url, "recover", "--service", "db"]);
    expect(code).toBe(2);
    expect(terminal.errors()).toBe(
      "error: this needs to be confirmed, and nobody can be asked\n  Confirm it with --yes. (usage)\n",
    );
    expect(server.requests).toEqual([]);
  });

  it("says that a server speaks no TLS, and how to reach it", async () => {
    await using server = await peer({});
    const { terminal } = await muster(["--server", server.url.replace("http:", "https:"), "status"]);
    expect(terminal.errors()).toContain("does not speak TLS\n  Use http://127.0.0.1:");
    expect(terminal.errors()).not.toContain("SSL");
  });

  it("says that there is no plan yet", async () => {
    const body = { at: "2026-03-02T12:00:00Z", indicator: "none", description: "No Services Set Up Yet" };
    await using server = await peer({
      "GET /api/v1/status": { body: { ...body, services: [], activeRecoveries: [] } },
    });
    const { terminal } = await muster(["--server", server.url, "status"]);
    expect(terminal.output()).toContain("No plan is in force yet. Apply one with: muster plan apply");
  });

  it("is not taken in by a server that is not a control plane", async () => {
    await using server = await peer({ "GET /api/v1/hosts": { body: { items: [{ name: 5 }] } } });
    const { code, terminal } = await muster(["--server", server.url, "agents"]);
    expect(code).toBe(1);
    expect(terminal.errors()).toContain("gave an answer that this version of muster does not understand");
  });
});

describe("muster catalog rebuild", () => {
  const repositories = { items: [{ name: "main", url: "file:///r", reachable: true }] };
  const rebuilt = { repository: "main", found: 3, added: 2, missing: [] as string[] };
  const answers = (missing: string[]) => ({
    "GET /api/v1/repositories": { body: repositories },
    "GET /api/v1/events": { stream: [] },
    "POST /api/v1/repositories/main/rebuild": { body: { ...rebuilt, missing } },
  });

  it("reads every repository and says what was found", async () => {
    await using server = await peer(answers([]));
    const { code, terminal } = await muster(["--server", server.url, "catalog", "rebuild"]);
    expect(code).toBe(0);
    expect(terminal.output()).toBe("main: 3 points found, 2 of them new to the catalog, 0 missing\n");
  });

  it("ends with 3 when points of the catalog are gone", async () => {
    await using server = await peer(answers(["point-7"]));
    const { code, terminal } = await muster(["--server", server.url, "catalog", "rebuild", "--repository", "main"]);
    expect(code).toBe(3);
    expect(terminal.output()).toContain("  missing: point-7");
  });
});

describe("muster repository keys", () => {
  const key = { id: "key_1", method: "x25519", whole: true, own: false, addedAt: "2026-01-02T03:04:05.000Z" };

  it("lists them, and sends a passphrase from a file, never from an argument", async () => {
    await using server = await peer({
      "GET /api/v1/repositories/main/keys": { body: { items: [{ ...key, label: "safe", holder: "muster-public-x" }] } },
      "POST /api/v1/repositories/main/keys": { status: 201, body: { id: "key_2" } },
    });
    const listed = await muster(["--server", server.url, "repository", "keys", "list"]);
    expect(listed.terminal.output()).toContain("key_1  x25519  2026-01-02 03:04:05Z  safe   muster-public-x");
    writeFileSync(join(folder, "new.key"), "a long passphrase\n");
    const add = ["repository", "keys", "add", "--passphrase-file", "new.key"];
    expect((await muster(["--server", server.url, ...add])).terminal.output()).toBe("added key_2\n");
    expect((await muster(["repository", "keys", "add", "--passphrase", "x"])).code).toBe(2);
  });

  it("rotates and removes nothing that was not confirmed by name", async () => {
    await using server = await peer({});
    for (const args of [["rotate"], ["remove", "key_1"]]) {
      const { code } = await muster(["--server", server.url, "repository", "keys", ...args]);
      expect(code).toBe(2);
    }
    expect(server.requests).toEqual([]);
  });
});

describe("muster recover", () => {
  const { findings: _none, ...rest } = sampleRecovery();
  const preview = { ...rest, findings: [] };
  const asked = (answer: string) => testTerminal(folder, { asks: true, ask: async () => answer });

  it("starts nothing unless the plan's name is typed", async () => {
    await using server = await peer({ "POST /api/v1/recoveries/preview": { body: preview } });
    const args = ["--server", server.url, "recover"];
    expect((await muster(args, asked("other"))).code).toBe(1);
    expect((await muster(args)).code).toBe(2);
    expect((await muster(["--no-input", ...args], asked("shop"))).code).toBe(2);
    expect(server.requests.filter(({ path }) => path === "POST /api/v1/recoveries")).toEqual([]);
  });

  it("starts it when the name is typed, once per key", async () => {
    await using server = await peer({
      "POST /api/v1/recoveries/preview": { body: preview },
      "POST /api/v1/recoveries": { status: 202, body: sampleRecovery() },
    });
    const { code, terminal } = await muster(["--server", server.url, "recover"], asked("shop"));
    expect(code).toBe(0);
    expect(terminal.output()).toBe("rec_1\n");
    expect(server.requests.at(-1)?.key).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("ends with 3 when something stands in the way", async () => {
    const finding = {
      severity: "error",
      code: "host-offline",
      subject: "db-1",
      message: "it is away",
      hint: "Start it.",
    };
    await using server = await peer({
      "POST /api/v1/recoveries/preview": { body: { ...preview, findings: [finding] } },
    });
    for (const more of [["--dry-run"], ["--yes"]])
      expect((await muster(["--server", server.url, "recover", ...more])).code).toBe(3);
    expect(server.requests.filter(({ path }) => path === "POST /api/v1/recoveries")).toEqual([]);
  });
});

describe("muster recoveries watch", () => {
  const snapshot = (changes: Parameters<typeof sampleRecovery>[0], revision: number): string =>
    `id: ${revision}\nevent: recovery\ndata: ${JSON.stringify(sampleRecovery({ ...changes, revision }))}\n\n`;
  const page = { body: sampleRecovery() };

  it("follows to the end, and ends with what it means", async () => {
    const stream = [": muster\n\n", snapshot({}, 1), snapshot({ state: "completed_with_exceptions" }, 2)];
    await using server = await peer({
      "GET /api/v1/recoveries/rec_1": page,
      "GET /api/v1/recoveries/rec_1/events": { stream },
    });
    const { code, terminal } = await muster(["--server", server.url, "recoveries", "watch", "rec_1"]);
    expect(code).toBe(6);
    expect(terminal.output()).toContain("Recovery rec_1: completed with exceptions");
  });

  it("stops at --timeout with 124 and at Ctrl-C with 130, and says that the recovery goes on", async () => {
    const stream = [snapshot({}, 1)];
    await using server = await peer({
      "GET /api/v1/recoveries/rec_1": page,
      "GET /api/v1/recoveries/rec_1/events": { stream },
    });
    const late = await muster(["--server", server.url, "recoveries", "watch", "rec_1", "--timeout", "200ms"]);
    expect(late.code).toBe(124);
    const terminal = testTerminal(folder);
    const watching = muster(["--server", server.url, "recoveries", "watch", "rec_1"], terminal);
    await waitFor("the first line", () => terminal.errors().includes("RECOVERY rec_1"));
    terminal.interrupt();
    expect((await watching).code).toBe(130);
    for (const each of [late.terminal, terminal]) expect(each.errors()).toContain("Recovery rec_1 goes on.");
  });
});
