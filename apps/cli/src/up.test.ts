import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "./cli.ts";
import { testTerminal } from "./testing-terminal.ts";

let folder: string;
let pid = 0;
const muster = async (...args: string[]) => {
  const terminal = testTerminal(folder);
  return { code: await runCli(args, terminal), out: terminal.output(), err: terminal.errors() };
};
const anyPort = ["--http-port", "0", "--session-port", "0", "--enrol-port", "0"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "muster-up-"));
  await muster("init");
  const { code, out, err } = await muster("up", "--detach", "--json", ...anyPort);
  if (code !== 0) throw new Error(err);
  pid = JSON.parse(out).pid;
});
afterAll(async () => {
  if (pid > 0) process.kill(pid, "SIGTERM");
  await waitFor("its end", () => !lives(pid));
  rmSync(folder, { recursive: true, force: true });
});

function lives(process_: number): boolean {
  try {
    return process.kill(process_, 0) && !readFileSync(`/proc/${process_}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

describe("muster with a control plane that it has started", () => {
  it("says that it runs already instead of starting a second one", async () => {
    const { code, out, err } = await muster("up", "--detach", ...anyPort);
    expect(err).toBe("");
    expect(out).toMatch(new RegExp(`^The control plane runs already at http://127.0.0.1:\\d+ \\(process ${pid}\\)\\.`));
    expect(code).toBe(0);
  });

  it("applies the plan that init wrote, and sees that nothing is protected", async () => {
    expect((await muster("plan", "check", "plan.yaml")).code).toBe(0);
    const applied = await muster("plan", "apply", "plan.yaml");
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining("applied version 1 of first") });
    expect((await muster("plan", "apply", "plan.yaml")).out).toContain("nothing changed");
    expect((await muster("plan", "show")).out).toBe(`${readFileSync(join(folder, "plan.yaml"), "utf8").trimEnd()}\n`);
    const status = await muster("status");
    expect(status.code).toBe(4);
    expect(status.out).toContain("unprotected");
  });

  it("names every error of a bad plan, with its place", async () => {
    writeFileSync(join(folder, "bad.yaml"), "version: 1\nname: bad\ntimezone: UTC\nservces: {}\nservices: {}\n");
    const checked = await muster("plan", "check", "bad.yaml");
    expect(checked.code).toBe(3);
    expect(checked.out).toContain("bad.yaml:4:1");
    expect((await muster("plan", "apply", "bad.yaml")).code).toBe(3);
    expect((await muster("plan", "check", "missing.yaml")).code).toBe(2);
  });

  it("says why there can be no recovery yet", async () => {
    const { code, err } = await muster("recover", "--yes");
    expect(code).toBe(3);
    expect(err).toContain("database/orders has no recovery point");
    expect((await muster("backup", "nothing")).code).toBe(1);
    expect((await muster("recoveries", "show")).code).toBe(1);
  });

  it("makes, lists and revokes tokens, and calls with them", async () => {
    const token = (await muster("token", "create", "--api", "eve", "--role", "viewer")).out.trim();
    expect((await muster("--token", token, "agents")).code).toBe(0);
    expect((await muster("--token", token, "token", "list")).err).toContain("(forbidden)");
    const listed = JSON.parse((await muster("--json", "token", "list")).out);
    const { id } = listed.find(({ name }: { name: string }) => name === "eve");
    expect((await muster("token", "revoke", id)).code).toBe(0);
    expect((await muster("--token", token, "agents")).err).toContain("(unauthenticated)");
    const forHost = await muster("token", "create", "--host", "db-1");
    expect(forHost.out).toMatch(/^muster1\.\S+\n$/);
    expect(forHost.err).toContain("Run on db-1, and give it this token: muster-agent enroll --token-file -");
  });

  it("shows a whole audit trail, and verifies the repository", async () => {
    expect((await muster("audit", "list", "--limit", "5")).out).toContain("plan.apply");
    expect((await muster("audit", "verify")).code).toBe(0);
    expect((await muster("verify")).out).toMatch(/main: \d+ points?, whole/); // the control plane backs itself up
    expect((await muster("retention")).code).toBe(0);
  });

  it("does not start on a port that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const { code, err } = await muster("up", "--data", "other", ...anyPort, "--http-port", port);
    expect(code).toBe(1);
    expect(err).toContain(`port ${port} on 127.0.0.1 is in use`);
    await new Promise((resolve) => taken.close(resolve));
  });
});
