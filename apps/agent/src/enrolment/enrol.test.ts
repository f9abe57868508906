import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@muster/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runAgentCommand } from "../testing/agent-process.ts";
import { type Authority, makeAuthority, startTestPlane, type TestPlane } from "../testing/control-plane.ts";
import { enrol } from "./enrol.ts";

let authority: Authority;
let plane: TestPlane;
let data: string;

beforeEach(async () => {
  authority = await makeAuthority();
  plane = await startTestPlane(authority);
  data = mkdtempSync(join(tmpdir(), "muster-enrol-"));
});

afterEach(() => {
  plane.stop();
  rmSync(data, { recursive: true, force: true });
});

function enrolWith(token: string, changes: { force?: boolean; server?: string } = {}) {
  return enrol({ token, data, force: false, clock: systemClock, ...changes });
}

it("gets a certificate for a key that was made on the host", async () => {
  const identity = await enrolWith(plane.token());
  expect(identity).toMatchObject({ host: "db-1", hostId: "host_1", sessionAddress: plane.sessionAddress });
  expect(JSON.parse(readFileSync(join(data, "identity.json"), "utf8"))).toEqual(identity);
});

it.each([
  ["expired", "token-expired"],
  ["used-before", "token-unknown"],
])("tells the server's answer to the token %s", async (secret, code) => {
  await expect(enrolWith(plane.token(secret))).rejects.toMatchObject({ code });
  expect(existsSync(join(data, "identity.json"))).toBe(false);
});

it("does not send the token to a server of another authority", async () => {
  const other = await makeAuthority();
  const token = plane.token("good", { fingerprint: other.fingerprint });
  await expect(enrolWith(token)).rejects.toMatchObject({ code: "ca-mismatch" });
});

it("says that nobody answers", async () => {
  const { sessionAddress } = plane;
  plane.stop();
  await expect(enrolWith(plane.token(), { server: sessionAddress })).rejects.toMatchObject({ code: "host-offline" });
});

it("replaces a live enrolment only when forced", async () => {
  const first = await enrolWith(plane.token());
  await expect(enrolWith(plane.token())).rejects.toMatchObject({ code: "conflict" });
  const second = await enrolWith(plane.token(), { force: true });
  expect(second.certificate).not.toBe(first.certificate);
});

it("refuses what is not a token with exit status 2, without repeating it", async () => {
  const { status, output } = await runAgentCommand(["enroll", "--data", data], { MUSTER_ENROLMENT_TOKEN: "hunter2" });
  expect(status).toBe(2);
  expect(output).toContain("this is not an enrolment token");
  expect(output).not.toContain("hunter2");
});
