import { describe, expect, it } from "vitest";
import { browserViolations } from "./browser-safe.ts";
import { dependencyViolations, testingViolations } from "./dependencies.ts";
import { entryViolations, escapeViolations, tableViolations } from "./import-table.ts";
import { clockViolations, impurities } from "./purity.ts";
import { registryHosts } from "./registry-hosts.ts";
import { parseSource } from "./source.ts";
import { anyViolations, lengthViolations, nameViolations } from "./style.ts";

/** A file of a package with this text; a test may name another path. */
function source(text: string, path = "libs/recovery/src/bad.ts") {
  return parseSource(path.split("/").slice(0, 2).join("/"), path, text);
}

describe("the import table", () => {
  const exportsOf = () => ({ ".": "./src/index.ts" });

  it.each([
    'import { a } from "@muster/database";',
    'import type { A } from "@muster/database";',
    'export * from "@muster/database";',
    'const a = await import("@muster/database");',
    'type A = import("@muster/database").A;',
  ])("refuses a package that is not in the row: %s", (text) => {
    expect(tableViolations(source(text), exportsOf)).toEqual([
      "libs/recovery/src/bad.ts:1: libs/recovery may not import database",
    ]);
  });

  it("refuses a path behind the public entries, and a package that does not exist", () => {
    const deep = source('import { a } from "@muster/core/src/ids.ts";');
    expect(tableViolations(deep, exportsOf)).toEqual([expect.stringContaining("is not a public entry")]);
    expect(tableViolations(source('import "@muster/core";'), () => undefined)).toHaveLength(1);
  });

  it("accepts an allowed package, and a comment or string that looks like an import", () => {
    const text = 'import { a } from "@muster/core";\n// import "@muster/agent";\nconst b = \'import "@muster/agent"\';';
    expect(tableViolations(source(text), exportsOf)).toEqual([]);
  });

  it("reads JSX as well", () => {
    const text = 'import { a } from "@muster/core";\nexport const A = () => <p title={a}>import "@muster/agent"</p>;';
    expect(tableViolations(source(text, "apps/console/src/bad.tsx"), exportsOf)).toEqual([
      "apps/console/src/bad.tsx:1: apps/console may not import core",
    ]);
  });

  it("refuses a relative import that leaves the package", () => {
    expect(escapeViolations(source('import "../../core/src/ids.ts";'))).toHaveLength(1);
    expect(escapeViolations(source('import "../src/good.ts";'))).toEqual([]);
  });

  it("refuses an entry too many", () => {
    expect(entryViolations("libs/core", { ".": "a", "./testing": "b", "./errors": "c" })).toHaveLength(1);
    expect(entryViolations("libs/protocol", { ".": "a", "./grpc": "b" })).toEqual([]);
  });
});

describe("purity", () => {
  it.each(["Date.now()", "new Date()", "new Date", "Date()", 'Date["now"]()'])("refuses the clock: %s", (text) => {
    expect(clockViolations(source(`const a = ${text};`))).toHaveLength(1);
  });

  it("accepts a date made from a given time, and the clock in core's clock.ts and in tests", () => {
    expect(clockViolations(source("const a = new Date(5);"))).toEqual([]);
    expect(clockViolations(source("Date.now();", "libs/core/src/clock.ts"))).toEqual([]);
    expect(clockViolations(source("Date.now();", "libs/core/src/clock.test.ts"))).toEqual([]);
  });

  it.each(['import "node:fs";', 'import "fs";', "Math.random();", "process.env.HOME;", 'fetch("x");'])(
    "refuses what is not pure: %s",
    (text) => {
      expect(impurities(source(text))).toHaveLength(1);
    },
  );

  it("refuses Node's modules behind a browser-safe entry, however far", () => {
    const files = [
      source('export * from "./a.ts";', "libs/protocol/src/index.ts"),
      source('export * from "./b.ts";', "libs/protocol/src/a.ts"),
      source('import "node:net"; import "./a.ts";', "libs/protocol/src/b.ts"),
      source('import "node:tls";', "libs/protocol/src/not-reached.ts"),
    ];
    const found = browserViolations("libs/protocol/src/index.ts", files);
    expect(found).toEqual(["libs/protocol/src/b.ts:1: imports node:net"]);
  });
});

describe("dependencies", () => {
  it("refuses an undeclared import and an unused declaration", () => {
    const manifest = { name: "@muster/recovery", dependencies: { zod: "1.0.0", yaml: "1.0.0" } };
    const files = [source('import "zod/v4"; import "pg"; import "node:fs"; import "./x.ts"; import "vitest";')];
    expect(dependencyViolations("libs/recovery", manifest, files)).toEqual([
      "libs/recovery/src/bad.ts:1: pg is not in libs/recovery/package.json",
      "libs/recovery/package.json: nothing imports yaml",
    ]);
  });

  it("refuses test doubles in production code", () => {
    expect(testingViolations(source('import "@muster/core/testing";'))).toHaveLength(1);
    expect(testingViolations(source('import "@muster/core/testing";', "libs/recovery/src/a.test.ts"))).toEqual([]);
  });
});

describe("style", () => {
  it.each(["libs/core/src/utils.ts", "libs/core/helpers/a.ts", "a/string-util.ts", "a/misc.md"])(
    "refuses the name %s",
    (path) => {
      expect(nameViolations(path)).toHaveLength(1);
    },
  );

  it("accepts names that only contain such a word", () => {
    expect(nameViolations("libs/core/src/commonality.ts")).toEqual([]);
  });

  it("refuses an any without a reason, in any position", () => {
    const text = "// a reason\nconst a: any = 1;\n\nconst b = a as any;\ntype C = Array<any>;\nconst d = 'any';";
    expect(anyViolations(source(text))).toEqual([
      "libs/recovery/src/bad.ts:4: any, and no comment says why",
      "libs/recovery/src/bad.ts:5: any, and no comment says why",
    ]);
  });

  it("refuses a very long file always, and long ones when they are many", () => {
    const short = Array.from({ length: 20 }, (_, index) => ({ path: `s${index}`, lines: 50 }));
    expect(lengthViolations([...short, { path: "a", lines: 401 }])).toHaveLength(1);
    expect(lengthViolations([...short, { path: "a", lines: 300 }])).toEqual([]);
    expect(lengthViolations([...short.slice(0, 5), { path: "a", lines: 300 }])).toHaveLength(1);
  });

  it("refuses a registry's address", () => {
    const host = ["registry", "npmjs", "org"].join(".");
    expect(registryHosts("a", `x\nhttps://${host}/y`)).toEqual(["a:2: names a package registry"]);
  });
});
