import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fastify } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "./app-types.ts";
import { serveConsole } from "./console.ts";
import { secure } from "./security.ts";

const root = mkdtempSync(join(tmpdir(), "muster-console-"));
let app: App;

async function serve(folder: string | undefined): Promise<App> {
  const server: App = fastify().withTypeProvider<ZodTypeProvider>();
  secure(server);
  await serveConsole(server, folder);
  return server;
}

beforeAll(async () => {
  mkdirSync(join(root, "assets"));
  writeFileSync(join(root, "index.html"), "<!doctype html><title>Console</title>");
  writeFileSync(join(root, "assets", "index-AbC123.js"), "export {};");
  app = await serve(root);
});
afterAll(async () => {
  await app.close();
  rmSync(root, { recursive: true });
});

describe("a built console", () => {
  it("has a page that is asked for anew each time, under a strict policy", async () => {
    const { statusCode, headers, body } = await app.inject("/console/");
    expect([statusCode, body]).toEqual([200, expect.stringContaining("Console")]);
    expect(headers["cache-control"]).toBe("no-cache");
    expect(headers["content-security-policy"]).toContain("script-src 'self';");
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
  });

  it("has assets that are kept for good, and none that are missing", async () => {
    const asset = await app.inject("/console/assets/index-AbC123.js");
    expect(asset.headers["content-type"]).toMatch(/javascript/);
    expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    const missing = await app.inject("/console/assets/index-gone.js");
    expect([missing.statusCode, missing.headers["cache-control"]]).toEqual([404, "no-cache"]);
  });

  it("is found without the slash, and nothing outside it is", async () => {
    expect((await app.inject("/console")).headers.location).toBe("/console/");
    for (const path of ["/console/../../../etc/passwd", "/console/%2e%2e/%2e%2e/etc/passwd"])
      expect((await app.inject(path)).statusCode).toBeGreaterThanOrEqual(400);
  });
});

it("says how it is built when it is not", async () => {
  const bare = await serve(undefined);
  const { statusCode, body, headers } = await bare.inject("/console/");
  expect([statusCode, headers["content-type"]]).toEqual([503, expect.stringContaining("text/plain")]);
  expect(body).toContain("npm run build -w apps/console");
  await bare.close();
});
