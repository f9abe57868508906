import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { type VaultIdentity, vaultWire } from "@muster/object-store";
import { openDomain } from "@muster/repository";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawRequest } from "./testing/raw-request.ts";
import { startVaultSite, type VaultSite } from "./testing/vault-site.ts";

/** What somebody tries who has an agent's certificate and key, and no client of ours between it and the server. */
let site: VaultSite;
let agent: VaultIdentity;
let before: Map<string, string>;
const packs = { mine: "shop/packs/aa/mine", theirs: "bank/packs/aa/theirs", alike: "shopping/packs/aa/alike" };
beforeAll(async () => {
  site = await startVaultSite({ shop: "app-1", bank: "db-1", shopping: "db-1" });
  agent = await site.enrol("app-1");
  const [own, other] = [await site.open(agent), await site.open(await site.enrol("db-1"))];
  await own.put(packs.mine, Buffer.from("what was backed up"));
  for (const key of [packs.theirs, packs.alike, "domains/bank"]) await other.put(key, Buffer.from("of another host"));
  before = tree();
});
afterAll(() => site.stop());

/** What is on its way to a name. */
const staged = /^\.staging\/[0-9a-f-]{36}$/;

/** Every file of the vault, with what is in it. */
function tree(): Map<string, string> {
  const names = readdirSync(site.folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => !staged.test(name) && statSync(join(site.folder, name)).isFile()).sort();
  return new Map(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(site.folder, name)))
        .digest("hex"),
    ]),
  );
}

function headOfPut(path: string, body: string, more: readonly string[] = []): string[] {
  const checksum = vaultWire.checksumOf([Buffer.from(body)]);
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return [`PUT ${path} HTTP/1.1`, length, `${vaultWire.header.checksum}: ${checksum}`, ...more];
}

const put = (path: string, body = "evil") => rawRequest(site.address, agent, { head: headOfPut(path, body), body });
const ask = (line: string, more: readonly string[] = []) =>
  rawRequest(site.address, agent, { head: [`${line} HTTP/1.1`, ...more] });

describe("with an agent's certificate in hand", () => {
  const methods =
    "DELETE POST PATCH HEAD OPTIONS TRACE COPY MOVE MKCOL PROPFIND PROPPATCH LOCK UNLOCK LINK UNLINK PURGE REBIND";
  const resources = [
    "object/shop/packs/aa/mine",
    "info/shop/packs/aa/mine",
    "object/shop/packs/new",
    "list?prefix=shop/",
    "space",
    "",
  ];
  test.each(methods.split(" "))("%s does nothing, wherever it is sent", async (method) => {
    for (const resource of resources) {
      const { status } = await ask(`${method} /v1/main/${resource}`, ["content-length: 0"]);
      expect({ method, resource, refused: status === 0 || status >= 400 }).toMatchObject({ refused: true });
    }
    expect(tree()).toEqual(before);
  });

  test("headers that other servers obey change no method and no condition", async () => {
    const obeyed = [
      "x-http-method-override: DELETE",
      "x-http-method: DELETE",
      "x-method-override: DELETE",
      "if-match: *",
    ];
    await ask("GET /v1/main/object/shop/packs/aa/mine", obeyed);
    await ask("GET /v1/main/object/shop/packs/aa/mine?_method=DELETE", obeyed);
    await rawRequest(site.address, agent, {
      head: headOfPut("/v1/main/object/shop/packs/aa/mine", "evil", obeyed),
      body: "evil",
    });
    expect(tree()).toEqual(before);
  });

  test("nothing is written over", async () => {
    expect((await put(`/v1/main/object/${packs.mine}`)).status).toBe(409);
    expect((await put(`/v1/main/object/${packs.mine}`, "")).status).toBe(409);
    expect(tree()).toEqual(before);
  });

  test.each([
    ...[
      "bank/packs/aa/new",
      packs.theirs,
      "shopping/packs/aa/new",
      "SHOP/packs/aa/new",
      "shop%20/packs/a",
      "shop./packs/a",
    ],
    ...[
      "domains/bank",
      "domains/new",
      "domains/shop/x",
      "repository.json",
      "keys/evil.json",
      "keys/",
      ".staging/evil",
      "evil",
    ],
    ...[
      "shop",
      "shop/",
      "shop/evil",
      "shop/packs",
      "shop/packs/",
      "shop/sweeps/mark",
      "shop/other/evil",
      "control/packs/a",
    ],
    ...[
      "../evil",
      "shop/../bank/packs/a",
      "shop/packs/../../bank/packs/a",
      "shop/packs/../../../../evil",
      "/etc/evil",
      "//evil",
    ],
    ...[
      "%2e%2e/evil",
      "shop/%2e%2e/bank/packs/a",
      "shop/packs/%2E%2E/%2E%2E/bank/packs/a",
      "shop%2fpacks%2fa",
      "shop%2F..%2Fbank",
    ],
    ...[
      "shop/packs/..%2f..%2fbank%2fpacks%2fa",
      "shop/packs/%252e%252e%252fbank/%",
      "shop/packs/%00",
      "shop/packs/a%0d%0a",
      "shop/packs/%",
    ],
    ...[
      "shop/packs/./a",
      "shop/packs//a",
      "shop/packs/.hidden",
      "shop\\..\\bank\\packs\\a",
      "shop/packs/..\\..\\bank",
      "shop/packs/a;b",
    ],
    ...[
      "shop/packs/%c0%ae%c0%ae/a",
      "shop/packs/\u00e9",
      "shop/packs/a#b",
      "shop/packs/a?offset=0",
      "shop/packs/a?x",
      `shop/packs/${"x".repeat(600)}`,
    ],
    ...[`shop/packs/${"y/".repeat(300)}z`, `shop/packs/${"x".repeat(9000)}`],
  ])("the key %j is refused for a put", async (key) => {
    const { status } = await put(`/v1/main/object/${key}`);
    expect([0, 400, 403, 409, 422, 431]).toContain(status);
    expect(tree()).toEqual(before);
  });

  test.each([
    ...[
      "/v1/other/object/shop/packs/a",
      "/v1/../main/object/shop/packs/a",
      "/v1/main/../main/object/shop/packs/a",
      "/v2/main/object/shop/packs/a",
    ],
    ...[
      "/v1/main/info/shop/packs/a",
      "/v1/main/list/shop/packs/a",
      "/v1/MAIN/object/shop/packs/a",
      "*",
      "/",
      "//v1/main/object/shop/packs/a",
    ],
    ...["https://vault/v1/main/object/shop/packs/a", "v1/main/object/shop/packs/a", "/v1/main%2fobject/shop/packs/a"],
  ])("the address %j is refused for a put", async (path) => {
    const { status } = await put(path);
    expect([0, 400, 403, 404, 422]).toContain(status);
    expect(tree()).toEqual(before);
  });

  test.each([
    ...[
      "object/keys/",
      "object/bank/packs/aa/theirs",
      "info/bank/packs/aa/theirs",
      "info/domains/bank",
      "object/shopping/packs/aa/alike",
    ],
    ...[
      "list",
      "list?prefix=",
      "list?prefix=s",
      "list?prefix=shop",
      "list?prefix=bank/",
      "list?prefix=keys/",
      "list?prefix=domains/",
    ],
    ...[
      "list?prefix=shop/../bank/",
      "list?prefix=shop%2F..%2Fbank%2F",
      "list?prefix=shop/&prefix=bank/",
      "list?prefix=.staging/",
    ],
    ...["object/shop/packs/aa/../../../bank/packs/aa/theirs", "object/shop/packs/aa/mine?offset=0&length=99999999999"],
    ...[
      "object/shop/packs/aa/mine?offset=-1&length=1",
      "object/shop/packs/aa/mine?offset=0",
      "object/shop/packs/aa/mine?offset=1e3&length=1",
    ],
  ])("GET %s tells nothing of others", async (resource) => {
    const { status, body } = await ask(`GET /v1/main/${resource}`);
    const told = resource.startsWith("list?prefix=shop/&prefix") ? body.includes("bank") : status === 200;
    expect({ told }).toEqual({ told: false });
    expect(body).not.toContain("of another host");
  });

  test("not even the wrapped keys are read", async () => {
    const [key = ""] = readdirSync(join(site.folder, "keys"));
    expect((await ask(`GET /v1/main/object/keys/${key}`)).status).toBe(403);
    expect((await ask(`GET /v1/main/info/keys/${key}`)).status).toBe(403);
  });

  const target = "/v1/main/object/shop/packs/aa/broken";
  const sum = `${vaultWire.header.checksum}: ${vaultWire.checksumOf([Buffer.from("evil")])}`;
  test.each<[string, readonly string[], string]>([
    ["is cut", [`PUT ${target} HTTP/1.1`, "content-length: 100", sum], "evil"],
    ["is cut before it begins", [`PUT ${target} HTTP/1.1`, "content-length: 100", sum], ""],
    [
      "waits for leave and is cut",
      [`PUT ${target} HTTP/1.1`, "content-length: 100", sum, "expect: 100-continue"],
      "ev",
    ],
    [
      "has another checksum",
      [`PUT ${target} HTTP/1.1`, "content-length: 4", `${vaultWire.header.checksum}: 00000000`],
      "evil",
    ],
    ["has no checksum", [`PUT ${target} HTTP/1.1`, "content-length: 4"], "evil"],
    ["has no length", [`PUT ${target} HTTP/1.1`, sum], "evil"],
    ["comes in chunks", [`PUT ${target} HTTP/1.1`, "transfer-encoding: chunked", sum], "4\r\nevil\r\n0\r\n\r\n"],
    ["has two lengths", [`PUT ${target} HTTP/1.1`, "content-length: 4", "content-length: 40", sum], "evil"],
    [
      "has a length and chunks",
      [`PUT ${target} HTTP/1.1`, "content-length: 4", "transfer-encoding: chunked", sum],
      "0\r\n\r\n",
    ],
    ["is longer than any object", [`PUT ${target} HTTP/1.1`, `content-length: ${2 ** 40}`, sum], "evil"],
    ["has a negative length", [`PUT ${target} HTTP/1.1`, "content-length: -4", sum], "evil"],
    ["is two objects", [`PUT ${target} HTTP/1.1`, "content-length: 2", sum], "evil"],
  ])("a put whose body %s leaves nothing", async (_what, head, body) => {
    const { status } = await rawRequest(site.address, agent, { head, body, cut: true });
    expect([0, 400, 413, 422, 503]).toContain(status);
    expect(tree()).toEqual(before);
  });

  test("its own objects can still be added and read, and the repository is whole", async () => {
    const store = await site.open(agent);
    await store.put("shop/packs/aa/new", Buffer.from("new"));
    expect(Buffer.from(await store.get("shop/packs/aa/new")).toString()).toBe("new");
    const granted = (await site.running.cp.repositories.open("main")).grant("shop");
    expect((await openDomain(store, granted)).name).toBe("shop");
    for (const [name, print] of before) expect(tree().get(name)).toBe(print);
    await waitFor("nothing to be staged", () => readdirSync(join(site.folder, ".staging")).length === 0);
  });
});
