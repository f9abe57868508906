import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { systemClock } from "@muster/core";
import { afterEach, describe, expect, it } from "vitest";
import { probeConfigSchema } from "./config.ts";
import { nextState, probeMonitor } from "./monitor.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // a TCP server's address
}

function check(probe: object) {
  const monitor = probeMonitor({
    probes: { it: probeConfigSchema.parse({ timeout: "2s", ...probe }) },
    secrets: new Map(),
    clock: systemClock,
    runAction: async () => ({ exitCode: 3, output: "first\nnot ready\n" }),
  });
  return monitor.check("it");
}

/** A server that answers each piece of data with the next reply. */
function scripted(...replies: string[]): Promise<number> {
  return listening(
    createServer((socket) => {
      let next = 0;
      socket.on("data", () => socket.write(replies[next++] ?? "-ERR\r\n"));
      socket.on("error", () => undefined);
    }),
  );
}

describe("an http probe", () => {
  const serve = () =>
    listening(
      createHttpServer((request, response) => {
        if (request.url === "/moved") response.writeHead(302, { location: "/" });
        else response.writeHead(request.url === "/broken" ? 500 : 200);
        response.end(`{"key":"${request.headers["x-key"] ?? ""}","state":"ready"}`);
      }),
    );

  it.each([
    [{ path: "/" }, true, "status 200"],
    [{ path: "/broken" }, false, "status 500, wanted 200 to 299"],
    [{ path: "/broken", status: 500 }, true, "status 500"],
    [{ path: "/", contains: '"ready"', headers: { "X-Key": "k" }, matches: '"key":"k"' }, true, "status 200"],
    [{ path: "/", contains: "gone" }, false, 'status 200, but the body does not contain "gone"'],
    [{ path: "/moved" }, false, "status 302, wanted 200 to 299"],
    [{ path: "/moved", followRedirects: true }, true, "status 200"],
  ])("with %o says %s", async ({ path, ...probe }, passed, message) => {
    const port = await serve();
    const checked = await check({ type: "http", url: `http://127.0.0.1:${port}${path}`, ...probe });
    expect(checked).toMatchObject({ passed, message });
  });

  it("fails with the reason when nobody listens or nobody answers", async () => {
    expect((await check({ type: "http", url: "http://127.0.0.1:1/" })).message).toContain("ECONNREFUSED");
    const port = await listening(createServer((socket) => socket.on("error", () => undefined)));
    const slow = await check({ type: "http", url: `http://127.0.0.1:${port}/`, timeout: "200ms" });
    expect(slow).toMatchObject({ passed: false, message: `http://127.0.0.1:${port}: no answer in time` });
  });
});

describe("other probes", () => {
  it("tcp connects", async () => {
    const port = await scripted();
    expect(await check({ type: "tcp", port })).toMatchObject({ passed: true });
    expect(await check({ type: "tcp", port: 1 })).toMatchObject({ passed: false });
  });

  it("redis wants PONG and a loaded data set", async () => {
    const info = (text: string) => `$${text.length}\r\n${text}\r\n`;
    expect(await check({ type: "redis", port: await scripted("+PONG\r\n", info("loading:0\r\n")) })).toMatchObject({
      passed: true,
    });
    expect(await check({ type: "redis", port: await scripted("+PONG\r\n", info("loading:1\r\n")) })).toMatchObject({
      message: "the data set is still being loaded",
    });
    expect((await check({ type: "redis", port: await scripted("-NOAUTH needed\r\n") })).message).toBe("NOAUTH needed");
  });

  it("disk and action say what they found", async () => {
    expect((await check({ type: "disk", path: "/", minFree: "1000TB" })).message).toMatch(
      /free on \/, wanted 1\.00 PB/,
    );
    expect(await check({ type: "disk", path: "/", minFree: "1B" })).toMatchObject({ passed: true });
    expect((await check({ type: "action", action: "a" })).message).toBe("a exited with 3: not ready");
  });
});

describe("the state of a probe", () => {
  const config = { retries: 2, startPeriod: 1000 };
  const run = (...checks: [passed: boolean, checkedAt: number][]) => {
    let state: Parameters<typeof nextState>[0] = { state: "starting", since: 0, failures: 0 };
    return checks.map(([passed, checkedAt]) => {
      state = nextState(state, { passed, checkedAt }, config, 0);
      return state.state;
    });
  };

  it("fails only after the retries, and passes at once", () => {
    expect(run([true, 1], [false, 2], [false, 3], [false, 4], [true, 5])).toEqual([
      "passing",
      "passing",
      "passing",
      "failing",
      "passing",
    ]);
  });

  it("does not fail in the start period", () => {
    const failures: [boolean, number][] = [100, 200, 300, 400, 500].map((at) => [false, at]);
    expect(run(...failures, [false, 1500]).at(-2)).toBe("starting");
    expect(run(...failures, [false, 1500]).at(-1)).toBe("failing");
  });
});
