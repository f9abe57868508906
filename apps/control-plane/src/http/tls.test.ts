import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger, systemClock } from "@muster/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadConfig } from "../config-file.ts";
import { openAuthority } from "../rpc/authority.ts";
import { issueServerCertificate } from "../rpc/certificates.ts";
import { type RunningControlPlane, startControlPlane } from "../start.ts";

const cli = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "muster-tls-"));
let plane: RunningControlPlane;
let company: string;

beforeAll(async () => {
  const now = systemClock.now();
  // An authority of the company's own, which has nothing to do with the one for agents.
  const authority = await openAuthority(mkdtempSync(join(folder, "company-")), now);
  const { key, chain } = await issueServerCertificate(authority, {
    names: ["localhost", "127.0.0.1"],
    now,
    lifeMs: 3_600_000,
  });
  company = join(folder, "company.pem");
  writeFileSync(company, authority.pem);
  writeFileSync(join(folder, "server.pem"), chain);
  writeFileSync(join(folder, "server.key"), key);
  const file = join(folder, "control-plane.yaml");
  writeFileSync(
    file,
    `data: data
http: { port: 0, tls: { cert: server.pem, key: server.key } }
agents: { sessionPort: 0, enrolPort: 0 }
`,
  );
  plane = await startControlPlane(await loadConfig({ config: file }), { clock: systemClock, log: silentLogger });
});
afterAll(async () => {
  await plane.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function muster(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      NODE_NO_WARNINGS: "1",
      NO_COLOR: "1",
      HOME: folder,
      MUSTER_DATA: join(folder, "data"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  await once(child, "close");
  return { status: child.exitCode, out, err };
}

it("serves the API over TLS to a muster that trusts the company's authority, and to no other", async () => {
  expect(plane.endpoints.http).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const trusting = await muster(["--ca-file", company, "token", "list"]);
  expect(trusting).toMatchObject({ status: 0, out: expect.stringContaining("admin") });
  expect(await muster(["token", "list"], { MUSTER_CA_FILE: company })).toMatchObject({ status: 0 });

  const other = await muster(["token", "list"]);
  expect(other.status).toBe(1);
  expect(other.err).toContain("--ca-file");
  expect(other.err).toContain("(server-unavailable)");
});

it("says which file is no authority", async () => {
  const { status, err } = await muster(["--ca-file", join(folder, "missing.pem"), "token", "list"]);
  expect(status).toBe(2);
  expect(err).toContain("missing.pem is not a file with certificates");
});
