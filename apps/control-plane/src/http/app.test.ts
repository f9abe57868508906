import { apiTokens, auditRecords, idempotencyKeys } from "@muster/database";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { enrolledHost, testControlPlane } from "../testing/index.ts";
import { buildApp } from "./app.ts";

describe("the HTTP application", () => {
  it("answers what it does not know, cannot read or cannot accept with a problem document", async () => {
    await using test = await testControlPlane();
    const unknown = await test.app.inject({ url: "/api/v1/nothing?secret=1" });
    expect([unknown.statusCode, unknown.headers["content-type"]]).toEqual([
      404,
      "application/problem+json; charset=utf-8",
    ]);
    expect(unknown.json()).toMatchObject({ code: "not-found", status: 404, detail: "there is no GET /api/v1/nothing" });

    const wrong = await test.call("admin", "/api/v1/tokens", { name: "x", role: "king", colour: "red" });
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json()).toMatchObject({ code: "request-invalid", detail: expect.stringContaining("body.role") });

    const authorization = `Bearer ${await test.token("admin")}`;
    const post = (payload: string) =>
      test.app.inject({
        method: "POST",
        url: "/api/v1/tokens",
        payload,
        headers: { authorization, "content-type": "application/json" },
      });
    expect((await post("{")).json()).toMatchObject({ status: 400, code: "request-invalid" });
    expect((await post(`{"name":"${"x".repeat(17 * 1024 * 1024)}"}`)).json()).toMatchObject({ status: 413 });
    expect((await post('{"name":"a\\u0000b","role":"viewer"}')).json()).toMatchObject({
      detail: expect.stringContaining("NUL"),
    });
  });

  it("lets nobody in without a live token of a sufficient role", async () => {
    await using test = await testControlPlane();
    const get = (authorization?: string) =>
      test.app.inject({ url: "/api/v1/tokens", headers: authorization === undefined ? {} : { authorization } });
    expect((await get()).statusCode).toBe(401);
    expect((await get("Basic abc")).headers["www-authenticate"]).toBe("Bearer");
    expect((await get("Bearer mst_wrong")).statusCode).toBe(401);
    expect((await test.call("approver", "/api/v1/tokens")).json()).toMatchObject({ status: 403, code: "forbidden" });
    expect((await test.call("admin", "/api/v1/tokens")).statusCode).toBe(200);
  });

  it("lets a token in until it expires or is revoked, and keeps only its hash", async () => {
    await using test = await testControlPlane();
    const made = (await test.call("admin", "/api/v1/tokens", { name: "ci", role: "viewer", expiresIn: 60 })).json();
    const get = () => test.app.inject({ url: "/api/v1/audit", headers: { authorization: `Bearer ${made.token}` } });
    expect((await get()).statusCode).toBe(200);
    test.clock.advance(60_000);
    expect((await get()).json()).toMatchObject({ status: 401, code: "token-expired" });
    test.clock.advance(-60_000);
    const authorization = `Bearer ${await test.token("admin")}`;
    const url = `/api/v1/tokens/${made.id}`;
    expect((await test.app.inject({ method: "DELETE", url, headers: { authorization } })).statusCode).toBe(204);
    expect((await get()).statusCode).toBe(401);
    const stored = await test.cp.db.select().from(apiTokens).where(eq(apiTokens.id, made.id));
    expect(JSON.stringify(stored)).not.toContain(made.token);
    expect((await test.cp.db.select().from(auditRecords)).map(({ action }) => action)).toEqual([
      "token.create",
      "token.revoke",
    ]);
  });

  it("describes itself as OpenAPI 3.1 with the role that each route needs", async () => {
    await using test = await testControlPlane();
    const document = (await test.app.inject({ url: "/openapi.json" })).json();
    expect(document.openapi).toBe("3.1.0");
    const create = document.paths["/api/v1/enrolment-tokens"].post;
    expect(create).toMatchObject({ security: [{ bearer: [] }], description: "Needs the role admin." });
    expect(create.requestBody.content["application/json"].schema.properties).toHaveProperty("host");
  });

  it("repeats the stored answer for a repeated Idempotency-Key, and refuses the key for another request", async () => {
    await using test = await testControlPlane();
    const authorization = `Bearer ${await test.token("admin")}`;
    const revoke = (host: string, key = "k1") =>
      test.app.inject({
        method: "POST",
        url: `/api/v1/hosts/${host}/revoke`,
        payload: {},
        headers: { authorization, "idempotency-key": key },
      });
    await enrolledHost(test, "db-1");
    const first = await revoke("db-1");
    const again = await revoke("db-1");
    expect([first.statusCode, again.statusCode, again.headers["idempotency-replayed"]]).toEqual([200, 200, "true"]);
    expect(again.body).toBe(first.body);
    expect((await revoke("db-1", "k2")).statusCode).toBe(409);
    expect((await revoke("db-2")).json()).toMatchObject({ status: 404 });
    const other = await test.call(
      "admin",
      "/api/v1/hosts/db-1/revoke",
      { reason: "another" },
      { "idempotency-key": "k1" },
    );
    expect(other.statusCode).toBe(409);
    expect(await test.cp.db.$count(idempotencyKeys)).toBe(1);
  });

  it("stores no answer that holds a secret", async () => {
    await using test = await testControlPlane();
    const made = await test.call("admin", "/api/v1/tokens", { name: "x", role: "viewer" }, { "idempotency-key": "k" });
    expect(made.statusCode).toBe(201);
    expect(await test.cp.db.$count(idempotencyKeys)).toBe(0);
  });

  it("streams live events of the wanted type, and those missed since the last one seen", async () => {
    await using test = await testControlPlane();
    const url = await test.app.listen({ host: "127.0.0.1", port: 0 });
    const authorization = `Bearer ${await test.token("viewer")}`;
    const seen: string[] = [];
    test.cp.events.subscribe(({ id }) => void seen.push(id));
    test.cp.events.publish({ type: "host", subject: "a", data: {} });
    test.cp.events.publish({ type: "probe", subject: "b", data: {} });
    test.cp.events.publish({ type: "host", subject: "c", data: { n: 1 } });
    const headers = { authorization, "last-event-id": seen[0] ?? "" };
    const response = await fetch(`${url}/api/v1/events?type=host`, { headers, signal: AbortSignal.timeout(10_000) });
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes('"d"')) break;
      if (text.includes('"c"')) test.cp.events.publish({ type: "host", subject: "d", data: {} });
    }
    const subjects = [...text.matchAll(/"subject":"(.)"/g)].map(([, subject]) => subject);
    expect(subjects.slice(0, 2)).toEqual(["c", "d"]);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
  });

  it("says that it is well only while its database answers", async () => {
    await using test = await testControlPlane();
    expect((await test.app.inject({ url: "/healthz" })).statusCode).toBe(200);
    const execute = () => Promise.reject(new Error("gone"));
    const app = await buildApp({ ...test.cp, db: Object.assign(Object.create(test.cp.db), { execute }) });
    expect((await app.inject({ url: "/healthz" })).json()).toMatchObject({ status: 503, code: "database-unavailable" });
    await app.close();
  });
});
