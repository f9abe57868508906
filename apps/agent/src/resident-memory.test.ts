import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "@muster/core/testing";
import { afterEach, expect, it } from "vitest";
import { makeAuthority, startTestPlane, type TestPlane } from "./testing/control-plane.ts";

const launcher = fileURLToPath(new URL("../bin/muster-agent", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "muster-agent-memory-"));
let plane: TestPlane | undefined;
let agent: ChildProcess | undefined;

afterEach(async () => {
  if (agent?.exitCode === null) {
    agent.kill("SIGTERM");
    await once(agent, "close");
  }
  plane?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function launch(args: string[]): ChildProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "cache"), NODE_OPTIONS: "" };
  return spawn(launcher, args, { env, stdio: "ignore" });
}

function residentMegabytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}

it("is resident in less than 80 MB when idle, with sources and probes of every kind", async () => {
  const opened = await startTestPlane(await makeAuthority());
  plane = opened;
  const config = join(folder, "agent.yaml");
  writeFileSync(
    config,
    `data: ${folder}/data
sources:
  orders: { type: postgres, port: 1 }
  cache: { type: redis, port: 1 }
  files: { type: files, root: ${folder} }
probes:
  db: { type: postgres, port: 1, interval: 1s }
  cache: { type: redis, port: 1, interval: 1s }
  web: { type: http, url: "http://127.0.0.1:1/", interval: 1s }
  disk: { type: disk, path: /, minFree: 1MB, interval: 1s }
`,
  );
  const enrolled = launch(["enroll", "--token", opened.token(), "--config", config]);
  expect((await once(enrolled, "close"))[0]).toBe(0);
  for (const round of ["cold", "warm"]) {
    const beats = opened.of("heartbeat").length;
    agent = launch(["run", "--config", config]);
    await waitFor(`heartbeats of the ${round} start`, () => opened.of("heartbeat").length >= beats + 5);
    if (round === "cold") {
      agent.kill("SIGTERM");
      await once(agent, "close");
    }
  }
  const megabytes = residentMegabytes(agent?.pid ?? 0);
  process.stderr.write(`resident memory of the idle agent: ${megabytes.toFixed(1)} MB\n`);
  expect(megabytes).toBeLessThan(80);
  expect(
    opened
      .of("hello")
      .at(-1)
      ?.inventory?.sources.map(({ name }) => name),
  ).toEqual(["orders", "cache", "files"]);
});
