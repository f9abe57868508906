import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processesOf } from "./testing/leftovers.ts";

const main = join(import.meta.dirname, "..", "..", "examples", "fleet", "src", "main.ts");
let parent: string;
let folder: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "muster-e2e-"));
  await chmod(parent, 0o755); // PostgreSQL's own user works below it
  folder = join(parent, "demo");
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

function startDemo(...options: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, "--dir", folder, ...options]);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      text += chunk;
    });
  }
  return { child, output: () => text };
}

async function runDemo(...options: string[]): Promise<{ code: number; output: string }> {
  const { child, output } = startDemo(...options);
  const [code] = await once(child, "close");
  return { code, output: output() };
}

describe("the demo", () => {
  it("refuses a folder that is not its own", async () => {
    const { child, output } = startDemo("--once", "--dir", parent);
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(output()).toContain("is not a demo's folder");
  });

  it("is killed in the middle, clears that up, loses a fleet, brings it back and proves it", {
    timeout: 600_000,
  }, async () => {
    const first = startDemo("--once");
    await waitFor("the backup to begin", () => first.output().includes("Backup, while customers"), {
      timeout: 240_000,
    });
    first.child.kill("SIGKILL");
    await once(first.child, "close");

    const { code, output } = await runDemo("--once");
    expect(output).not.toContain("WRONG");
    expect(output).toContain("The shop is back, and it is proven");
    const disaster = output.slice(output.indexOf("Disaster"), output.indexOf("Recovery, tier by tier"));
    for (const service of ["orders-db", "carts", "shop"])
      expect(disaster).toMatch(new RegExp(`tier \\d  ${service} +major_outage`));
    expect(output).not.toContain("status page"); // nobody answers there any more
    expect(output).toMatch(/RTO [\d.]+ s of 120\.0 s allowed: met/);
    expect(output).toMatch(/RPO [\d.]+ s of 600\.0 s allowed: met/);
    expect(code).toBe(0);
    await waitFor("everything to have ended", () => processesOf(folder).length === 0, { timeout: 60_000 });
  });

  it("ends everything at Ctrl-C in the middle", { timeout: 600_000 }, async () => {
    const { child, output } = startDemo("--once");
    await waitFor("the backup to begin", () => output().includes("Backup, while customers"), { timeout: 240_000 });
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(processesOf(folder)).toEqual([]);
  });

  it("proves nothing when one byte of a row, a key or a file was altered", { timeout: 600_000 }, async () => {
    const { code, output } = await runDemo("--once", "--alter", "row", "--alter", "key", "--alter", "file");
    expect(code).toBe(1);
    expect(output).toContain("WRONG  PostgreSQL, products");
    expect(output).toContain("WRONG  Redis");
    expect(output).toContain("WRONG  Configuration and certificates");
    expect(output).toContain("templates/welcome.txt differs");
    expect(output).toContain("The proof FAILED");
    await waitFor("everything to have ended", () => processesOf(folder).length === 0, { timeout: 60_000 });
  });
});
