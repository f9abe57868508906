import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@muster/core";
import { openDatabase } from "@muster/database";
import { afterAll, expect, it } from "vitest";
import { verifyAudit } from "../audit/verify.ts";
import type { Endpoints } from "../start.ts";
import { startProcess } from "../testing/index.ts";
import { findCaller } from "./callers.ts";

const data = mkdtempSync(join(tmpdir(), "muster-reset-"));
afterAll(() => rmSync(data, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ status: number | null | undefined; stderr: string }> {
  const command = startProcess(args);
  await command.ended();
  return { status: command.status(), stderr: command.stderr() };
}

it("makes a new admin token with the data folder alone, and revokes the lost one", async () => {
  const plane = startProcess(["run", "--data", data, "--http-port", "0", "--session-port", "0", "--enrol-port", "0"]);
  const { adminToken }: Endpoints = await plane.ready();
  const lost = readFileSync(adminToken, "utf8").trim();
  // While the control plane has the embedded database, nobody else writes to it.
  expect(await run("token", "reset", "--data", data)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("(data-in-use)"),
  });
  expect(readFileSync(adminToken, "utf8").trim()).toBe(lost);
  await plane.end("SIGTERM");

  expect(await run("token", "reset", "--data", data)).toEqual({ status: 0, stderr: "" });
  const fresh = readFileSync(adminToken, "utf8").trim();
  await using database = await openDatabase({ directory: join(data, "database") });
  const now = systemClock.now();
  expect(await findCaller(database.db, now, fresh)).toEqual({ name: "admin", role: "admin" });
  await expect(findCaller(database.db, now, lost)).rejects.toMatchObject({ code: "unauthenticated" });
  expect(await verifyAudit(database.db)).toMatchObject({ ok: true });
}, 120_000);

it("makes no control plane where there was none", async () => {
  const { status, stderr } = await run("token", "reset", "--data", join(data, "elsewhere"));
  expect(status).toBe(2);
  expect(stderr).toContain("is no data folder of a control plane");
});
