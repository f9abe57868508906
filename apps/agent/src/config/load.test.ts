import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asMusterError } from "@muster/core";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder, "agent.yaml");
  writeFileSync(file, text);
  return loadConfig(file, env);
}

/** The code and message of the error, without the folder. */
function complaint(text: string): string {
  try {
    load(text);
  } catch (thrown) {
    const { code, message } = asMusterError(thrown);
    return `${code}\n${message.replaceAll(`${folder}/`, "")}`;
  }
  return "no error";
}

describe("agent.yaml", () => {
  it("gives defaults to what is left out", () => {
    const { config } = load("probes:\n  web: { type: http, url: 'http://127.0.0.1/' }\n");
    expect(config.data).toBe("/var/lib/muster-agent");
    expect(config.probes.web).toMatchObject({ interval: 30_000, timeout: 10_000, retries: 3, startPeriod: 0 });
    expect(load("").config.sources).toEqual({});
  });

  it("names what a physical source lacks or must not have, with its line", () => {
    const source = (text: string): string => complaint(`sources:\n  db:\n    type: postgres\n${text}`);
    expect(source("    method: physical\n")).toMatch(/agent\.yaml:4:\d+.*method.*physical needs dataDirectory/);
    expect(source("    dataDirectory: /var/lib/postgresql\n")).toMatch(
      /agent\.yaml:4:\d+.*dataDirectory.*method: physical/,
    );
    const physical = "    method: physical\n    dataDirectory: /var/lib/postgresql\n";
    expect(source(`${physical}    databases: [shop]\n`)).toMatch(/agent\.yaml:6:\d+.*databases.*has all databases/);
    expect(source(`${physical}    tablespaces: { fast: here }\n`)).toMatch(/agent\.yaml:6:\d+.*tablespaces\.fast/);
    expect(source(physical)).toBe("no error");
  });

  it("reads secrets from files and variables, by reference only", () => {
    writeFileSync(join(folder, "password"), "s3cret\n");
    const text = `sources:
  a: { type: postgres, passwordFile: ${folder}/password }
  b: { type: redis, passwordEnv: REDIS_PASSWORD }
`;
    const { secrets } = load(text, { REDIS_PASSWORD: "other" });
    expect(secrets.get("sources.a")).toEqual({ password: "s3cret" });
    expect(secrets.get("sources.b")).toEqual({ password: "other" });
  });

  it.each([
    [
      "an unknown key, with the nearest one",
      "sources:\n  orders:\n    type: postgres\n    prot: 5432\n",
      'config-invalid\nagent.yaml:4:5: sources.orders.prot: unknown key; did you mean "port"?',
    ],
    [
      "an unknown key at the top, with those allowed",
      "sauces: {}\nwhatever: 1\n",
      'config-invalid\nagent.yaml:1:1: sauces: unknown key; did you mean "sources"?\n' +
        "agent.yaml:2:1: whatever: unknown key; allowed here: data, sources, probes, actions, repositories, limits",
    ],
    [
      "a wrong type of source",
      "sources:\n  orders: { type: postgress }\n",
      "config-invalid\nagent.yaml:2:13: sources.orders.type: Invalid discriminator value. Expected 'postgres' | 'redis' | 'files' | 'command'",
    ],
    [
      "a duration that is none",
      'probes:\n  web:\n    type: tcp\n    port: 80\n    interval: "fast"\n',
      'config-invalid\nagent.yaml:5:5: probes.web.interval: "fast" is not a duration; write it like 90s, 15m or 1h30m',
    ],
    [
      "a missing key, at the thing that lacks it",
      "actions:\n  start:\n    cwd: /\n",
      "config-invalid\nagent.yaml:2:3: actions.start.argv: Invalid input: expected array, received undefined",
    ],
    [
      "a missing secret file",
      "sources:\n  cache:\n    type: redis\n    passwordFile: /nowhere/password\n",
      "secret-missing\nagent.yaml:4:5: sources.cache.passwordFile: the file /nowhere/password cannot be read",
    ],
    [
      "a missing secret variable",
      "sources:\n  cache: { type: redis, passwordEnv: NOT_SET }\n",
      "secret-missing\nagent.yaml:2:25: sources.cache.passwordEnv: the variable NOT_SET is not set in the agent's environment",
    ],
    [
      "broken YAML",
      "sources:\n  a: [1, 2\n",
      "config-invalid\nagent.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ])("refuses %s, naming file, line, column and key", (_, text, expected) => {
    expect(complaint(text)).toBe(expected);
  });

  it("says when the file is not there", () => {
    expect(() => loadConfig("/nowhere/agent.yaml")).toThrow("/nowhere/agent.yaml: there is no such file");
  });
});
