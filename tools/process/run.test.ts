import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";

describe("run", () => {
  it("gives the exit code and both outputs", async () => {
    const { code, output } = await run("sh", ["-c", "echo out; echo err >&2; exit 3"]);
    expect({ code, lines: output.trim().split("\n").sort() }).toEqual({ code: 3, lines: ["err", "out"] });
  });

  it("counts a killed program, and one that is not there, as failed", async () => {
    expect((await run("sh", ["-c", "kill -9 $$"])).code).toBe(1);
    const missing = await run("/no/such/program", []);
    expect(missing).toEqual({ code: 1, output: expect.stringContaining("/no/such/program could not be started") });
  });

  it("ends the whole family on Ctrl-C, with exit code 130", async () => {
    const module = join(import.meta.dirname, "run.ts");
    const script = `import { run } from ${JSON.stringify(module)};
      await run("sh", ["-c", "sleep 60 & echo $!; wait"], { show: true });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(parent.stdout, "data");
    const grandchild = Number(String(line).trim());
    expect(isAlive(grandchild)).toBe(true);
    parent.kill("SIGINT");
    const [code] = await once(parent, "exit");
    expect(code).toBe(130);
    await waitFor("the grandchild's end", () => !isAlive(grandchild));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
