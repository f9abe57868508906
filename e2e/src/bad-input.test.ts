import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePort } from "@muster/agent/testing";
import { systemClock } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { type CliResult, useFleet } from "./testing/fleet.ts";
import { launchers, startProgram } from "./testing/program.ts";
import { makeSite, type Site } from "./testing/site.ts";
import { smallDisk } from "./testing/small-disk.ts";
import { fingerprint, writeRandomTree } from "./testing/tree.ts";

const disk = smallDisk(24);
let site: Site;
let pages: Record<string, string>;
/** Nothing listens there. */
let dead: number;

afterAll(() => disk?.release());
beforeAll(async () => {
  dead = await freePort();
});

const fleet = useFleet(
  async (fleet) => {
    site = await makeSite(fleet.hostFolder("site-1"));
    pages = await fingerprint(site.pages);
    const down = {
      orders: { type: "postgres", port: dead, databases: ["shop"] },
      carts: { type: "redis", port: dead, dataDirectory: fleet.at("nowhere") },
      uploads: { type: "files", root: fleet.at("hosts", "site-1", "uploads") },
    };
    await fleet.addAgent("site-1", { ...site.yaml, sources: { ...(site.yaml.sources as object), ...down } });
    const service = (source: string) => ({ tier: 1, host: "site-1", sources: { [source]: {} } });
    await fleet.applyPlan({
      version: 1,
      name: "first",
      timezone: "UTC",
      services: {
        site: service("pages"),
        orders: service("orders"),
        carts: service("carts"),
        uploads: service("uploads"),
      },
    });
    expectCode(await fleet.muster("backup", "site", "--wait"));
  },
  () => ({ repository: disk === undefined ? undefined : join(disk.path, "repository") }),
);

const muster = (...args: string[]) => fleet().muster(...args);

async function agent(...args: string[]) {
  const program = startProgram("muster-agent", [launchers.agent, ...args], { directory: fleet().folder });
  const code = await program.ended();
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** Every word must be there; the last of them is the hint's. */
function expectError(result: CliResult, code: number, ...words: string[]): void {
  expectCode(result, code);
  for (const word of words) expect(result.stderr).toContain(word);
  expect(result.stderr).not.toMatch(/\n\s+at .+:\d+/); // no stack trace
}

/** The point of the beginning is still there, and so are the pages. */
async function expectNothingLost(): Promise<void> {
  const { items } = await fleet().controlPlane.get<{ items: { damaged: boolean }[] }>("/api/v1/points?service=site");
  expect(items).toEqual([expect.objectContaining({ damaged: false })]);
  expect(await fingerprint(site.pages)).toEqual(pages);
}
afterEach(expectNothingLost);

describe("enrolment", () => {
  const enroll = async (token: string, ...more: string[]) => {
    await writeFile(fleet().at("token"), `${token}\n`, { mode: 0o600 });
    await writeFile(fleet().at("new.yaml"), `data: ${fleet().at("new")}\n`);
    return agent("enroll", "--token-file", fleet().at("token"), "--config", fleet().at("new.yaml"), ...more);
  };
  const newToken = async (...more: string[]) =>
    (await muster("token", "create", "--host", "new-1", ...more)).stdout.trim();
  const altered = (token: string, change: Record<string, string>): string => {
    const [prefix, body = ""] = token.split(".");
    const content = { ...JSON.parse(Buffer.from(body, "base64url").toString()), ...change };
    return `${prefix}.${Buffer.from(JSON.stringify(content)).toString("base64url")}`;
  };
  afterEach(() => rm(fleet().at("new"), { recursive: true, force: true }));

  it("refuses what is no token, a wrong one, and one that was used", async () => {
    expectError(
      await enroll("muster1.nonsense"),
      2,
      "this is not an enrolment token",
      "muster token create --host NAME",
    );
    const token = await newToken();
    const wrong = altered(token, { secret: "A".repeat(43) });
    expectError(await enroll(wrong), 1, "the enrolment token is not known, or was used", "muster token create");
    expect((await enroll(token)).code).toBe(0);
    await rm(fleet().at("new"), { recursive: true });
    expectError(await enroll(token), 1, "the enrolment token is not known, or was used", "muster token create");
  });

  it("refuses one that has expired", async () => {
    const { token, expiresAt } = JSON.parse((await newToken("--expires", "1s", "--json")) || "{}");
    await waitFor("the token's end", () => systemClock.now() > Date.parse(expiresAt));
    expectError(await enroll(token), 1, `the enrolment token expired at ${expiresAt}`, "muster token create");
  });

  it("talks to no control plane of another authority, and says when there is none", async () => {
    const token = await newToken();
    expectError(await enroll(altered(token, { fingerprint: "0".repeat(64) })), 1, "(ca-mismatch)", "enrol again");
    const nobody = await enroll(token, "--server", `127.0.0.1:${dead}`);
    expectError(nobody, 1, `the control plane at 127.0.0.1:${dead} cannot be reached`, "--server");
    expectError(
      await agent("run", "--config", fleet().at("new.yaml")),
      1,
      "this host is not enrolled",
      "muster-agent enroll",
    );
  });
});

describe("agent.yaml", () => {
  const withYaml = async (text: string) => {
    await writeFile(fleet().at("agent.yaml"), text);
    const [checked, run] = await Promise.all(
      ["check", "run"].map((verb) => agent(verb, "--config", fleet().at("agent.yaml"))),
    );
    expect(run?.code).toBe(2);
    return checked ?? { code: -1, stdout: "", stderr: "" };
  };

  it("is refused for an unknown key, with file, line, column and the key that was meant", async () => {
    const text = "sources:\n  orders:\n    type: postgres\n    databses: [shop]\n";
    const words = [
      `${fleet().at("agent.yaml")}:4:5: sources.orders.databses: unknown key`,
      'did you mean "databases"?',
    ];
    expectError(await withYaml(text), 2, ...words);
  });

  it("is refused for a secret that is not there", async () => {
    const text = "sources:\n  orders:\n    type: postgres\n    passwordFile: /nowhere/pg.password\n";
    const where = `${fleet().at("agent.yaml")}:4:5: sources.orders.passwordFile: the file /nowhere/pg.password`;
    expectError(await withYaml(text), 2, where, "Create the file");
  });

  it("is refused when it is no YAML, or not there", async () => {
    expectError(await withYaml("sources: [1\n"), 2, `${fleet().at("agent.yaml")}:2:1:`, "(config-invalid)");
    expectError(await agent("run", "--config", "/nowhere/agent.yaml"), 2, "there is no such file", "--config FILE");
  });
});

describe("a plan", () => {
  const apply = async (services: string) => {
    const file = fleet().at("bad.yaml");
    await writeFile(file, `version: 1\nname: first\ntimezone: UTC\nservices:\n${services}`);
    const version = async () => JSON.parse((await muster("--json", "plan", "show")).stdout).version;
    const before = await version();
    const [checked, applied] = [await muster("plan", "check", file), await muster("plan", "apply", file)];
    expect([checked.code, applied.code]).toEqual([3, 3]);
    expect(await version()).toBe(before);
    return applied;
  };

  it("with an unknown key is not taken; the key that was meant is named", async () => {
    const applied = await apply("  site: { tier: 1, host: site-1, surces: { pages: {} } }\n");
    expectError(
      applied,
      3,
      'bad.yaml:5:34: error: "surces" is not a key that is known here',
      'Did you mean "sources"?',
    );
  });

  it("whose services wait for each other is not taken; the circle is named", async () => {
    const applied = await apply(
      "  a: { tier: 1, host: site-1, dependsOn: [b] }\n  b: { tier: 1, host: site-1, dependsOn: [a] }\n",
    );
    expectError(applied, 3, "a → b → a", "Take out the one that can start without the other.");
  });
});

describe("a backup", () => {
  it("of servers that are down fails for these, and succeeds for the others", async () => {
    const { code, stdout, stderr } = await muster("backup", "orders", "carts", "--wait");
    expect(code).toBe(1);
    expect(stdout).toMatch(/orders\/orders .* failed/);
    for (const name of ["orders/orders: PostgreSQL", "carts/carts: Redis"])
      expect(stderr).toContain(`error: ${name} at 127.0.0.1:${dead}`);
    expect(stderr).toContain("ECONNREFUSED");
    expect(stderr).toContain("agent.yaml has the right address");
    expectError(await muster("backup", "nothing"), 1, "no plan in force has nothing", "Known sources: ");
  });

  it.skipIf(disk === undefined)("onto a full repository disk fails, and leaves what is there whole", async () => {
    const uploads = join(fleet().hostFolder("site-1"), "uploads");
    await writeRandomTree(uploads, { count: 8, size: 4_000_000 });
    const full = await muster("backup", "uploads", "--wait");
    expectError(full, 1, "error: uploads/uploads: ", "no space left");
    await rm(uploads, { recursive: true });
    await writeRandomTree(uploads, { count: 1, size: 100_000 });
    expect((await muster("verify")).stdout).toContain("main: 1 point, whole");
    await rm(site.pages, { recursive: true });
    expectCode(await muster("recover", "--service", "site", "--yes", "--watch"));
  });
});

describe("a recovery", () => {
  it.each([
    ["into the future", ["--to", "2040-01-01T00:00:00Z"], 2, "lies in the future", "Choose a moment that has passed."],
    [
      "to before the first point",
      ["--to", "2020-01-01T00:00:00Z"],
      3,
      "has no recovery point at or before 2020-01-01",
      "or later, or latest",
    ],
    ["to no time", ["--to", "teatime"], 2, '--to "teatime" is not a time', "2026-03-02T14:30:00+01:00"],
    [
      "to a time without offset",
      ["--to", "2026-01-01T00:00:00"],
      2,
      "does not say its offset",
      "2026-03-02T14:30:00+01:00",
    ],
    [
      "as an unknown scenario",
      ["--scenario", "flood"],
      1,
      "no plan in force has a scenario flood",
      "Known scenarios: none.",
    ],
    ["of an unknown service", ["--service", "shop"], 1, "no plan in force has a service shop", "Known services: "],
    ["of an unknown host", ["--host", "db-9"], 1, "db-9", "its hosts: site-1"],
    ["onto nowhere", ["--onto", "db-9=site-1"], 1, "nothing selected lives on db-9", "Hosts of the selection: site-1."],
  ])("%s is refused", async (_what, options, code, message, hint) => {
    const selection = options[0] === "--to" ? ["--service", "site"] : [];
    expectError(await muster("recover", ...options, ...selection, "--yes"), code, message, hint);
    expect(JSON.parse((await muster("--json", "recoveries", "list", "--active")).stdout)).toEqual([]);
  });

  it("is not begun when nobody has confirmed it", async () => {
    expectError(await muster("recover", "--service", "site"), 2, "nobody can be asked", "--yes");
  });
});

describe("the control plane", () => {
  it("is named when it is not there, or does not know the token", async () => {
    const elsewhere = await muster("--server", `http://127.0.0.1:${dead}`, "status");
    expectError(elsewhere, 1, `http://127.0.0.1:${dead} does not answer`, "muster up");
    expectError(await muster("--token", "nonsense", "status"), 1, "the token is not known", "MUSTER_TOKEN");
    expectError(await muster("--server", "nonsense", "status"), 2, "is not the address of a control plane", "http://");
  });

  it("does not start on a port or on data that are taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const others = ["--http-port", "0", "--session-port", port, "--enrol-port", "0"];
    const refused = await muster("up", "--data", fleet().at("other"), ...others);
    expectError(refused, 1, `port ${port} on 127.0.0.1 is in use`, "set another port as agents.sessionPort");
    taken.close();
    const data = fleet().controlPlane.data;
    const ports = ["--http-port", "0", "--session-port", "0", "--enrol-port", "0"];
    expectError(
      await muster("up", "--data", data, ...ports),
      1,
      `another process works with ${data}`,
      "its own folder",
    );
  });
});
