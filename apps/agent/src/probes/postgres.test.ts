import { createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../testing/ports.ts";
import { startPostgres, type TestPostgres } from "../testing/postgres-server.ts";
import { checkOnce } from "./check.ts";
import { probeConfigSchema } from "./config.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

function check(changes: Record<string, unknown> = {}, password = server.password): Promise<string> {
  const { host, port, user } = server;
  const config = probeConfigSchema.parse({ type: "postgres", host, port, user, ...changes });
  const runAction = () => Promise.reject(new Error("a probe of a server runs no action"));
  return checkOnce(config, { signal: new AbortController().signal, secrets: { password }, runAction });
}

it("passes when the server answers, and when the answer is the one wanted", async () => {
  expect(await check()).toBe("answered 1");
  expect(await check({ query: "select count(*) from pg_database where datname = 'postgres'", expect: "1" })).toBe(
    "answered 1",
  );
  expect(await check({ query: "select true" })).toBe("answered true");
});

it("fails when the query answers false, or another thing than wanted", async () => {
  await expect(check({ query: "select count(*) > 1000000 from pg_database" })).rejects.toThrow("answered false");
  await expect(check({ query: "select 2", expect: "3" })).rejects.toThrow("the query answered 2, wanted 3");
  await expect(check({ query: "select * from nothing_of_that_name" })).rejects.toThrow("nothing_of_that_name");
  // Who wants to hear false says so.
  expect(await check({ query: "select pg_is_in_recovery()", expect: "false" })).toBe("answered false");
});

it("fails with a wrong password, without repeating it", async () => {
  const failure = await check({}, "hunter2").catch((thrown: unknown) => thrown);
  expect(String(failure)).toContain("password authentication failed");
  expect(String(failure)).not.toContain("hunter2");
});

it("fails when nobody listens", async () => {
  await expect(check({ port: await freePort() })).rejects.toThrow("ECONNREFUSED");
});

it("fails at its timeout when the query or the server hangs", async () => {
  const began = performance.now();
  await expect(check({ query: "select pg_sleep(60)", timeout: "300ms" })).rejects.toThrow(/timeout/);
  const mute = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => mute.once("listening", resolve));
  const address = mute.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(check({ port, timeout: "300ms" })).rejects.toThrow(/timeout/);
  mute.close();
  expect(performance.now() - began).toBeLessThan(20_000);
});
