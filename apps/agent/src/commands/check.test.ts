import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runAgentCommand } from "../testing/agent-process.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-check-"));
const config = join(folder, "agent.yaml");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("prints what it looked at, and exits with 1 when something is wrong", async () => {
  const good = `sources:\n  here: { type: files, root: ${folder} }\nprobes:\n  disk: { type: disk, path: /, minFree: 1B }\n`;
  writeFileSync(config, good);
  const fine = await runAgentCommand(["check", "--config", config]);
  expect(fine.output).toMatch(/^ok {2}source {2}here/m);
  expect(fine).toMatchObject({ status: 0 });
  writeFileSync(config, `${good}  web: { type: http, url: "http://127.0.0.1:1/" }\n`);
  const failing = await runAgentCommand(["check", "--config", config]);
  expect(failing.output).toMatch(/^FAILED {2}probe +web +http +\S+ +.*ECONNREFUSED/m);
  expect(failing.status).toBe(1);
});

it("exits with 2 for a mistake in agent.yaml, for a file that is missing and for an unknown verb", async () => {
  writeFileSync(config, "prboes: {}\n");
  const mistaken = await runAgentCommand(["check", "--config", config]);
  expect(mistaken).toMatchObject({ status: 2 });
  expect(mistaken.output).toContain(`${config}:1:1: prboes: unknown key; did you mean "probes"?`);
  expect((await runAgentCommand(["run", "--config", join(folder, "none.yaml")])).status).toBe(2);
  expect((await runAgentCommand(["fly"])).status).toBe(2);
});
