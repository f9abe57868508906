import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../workspace.ts";
import { browserViolations } from "./browser-safe.ts";
import { dependencyViolations, testingViolations } from "./dependencies.ts";
import { entryViolations, escapeViolations, tableViolations } from "./import-table.ts";
import { builtinImports, clockViolations, impurities } from "./purity.ts";
import { registryHosts } from "./registry-hosts.ts";
import { isGenerated, isTestCode } from "./source.ts";
import { anyViolations, lengthViolations, nameViolations } from "./style.ts";
import { parsedPackages } from "./workspace-sources.ts";

const all = parsedPackages();
const product = all.filter(({ folder }) => folder.startsWith("libs/") || folder.startsWith("apps/"));
const sources = product.flatMap((entry) => entry.sources);
const exportsOf = (name: string) => all.find(({ manifest }) => manifest.name === name)?.manifest.exports;
const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(isFile);

/** A tracked file may be missing from the work tree, or be a link. */
function isFile(path: string): boolean {
  return path !== "" && (statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false);
}

describe("the packages", () => {
  it("are found, with their sources", () => {
    expect(product.map(({ folder }) => folder)).toContain("libs/core");
    expect(sources.length).toBeGreaterThan(10);
  });

  it("import each other only as the table allows, by public entries", () => {
    expect(sources.flatMap((source) => tableViolations(source, exportsOf))).toEqual([]);
  });

  it("leave their folder by package name only", () => {
    expect(all.flatMap((entry) => entry.sources.flatMap(escapeViolations))).toEqual([]);
  });

  it("have one public entry, besides ./testing and the listed ones", () => {
    expect(product.flatMap(({ folder, manifest }) => entryViolations(folder, manifest.exports ?? {}))).toEqual([]);
  });

  it.each(all)("declare what they import and import what they declare: $folder", (entry) => {
    expect(dependencyViolations(entry.folder, entry.manifest, entry.sources)).toEqual([]);
  });

  it("keep test doubles out of production code", () => {
    expect(sources.flatMap(testingViolations)).toEqual([]);
  });
});

describe("the sources", () => {
  it("take the time from a Clock", () => {
    expect(sources.flatMap(clockViolations)).toEqual([]);
  });

  it("of recovery are pure", () => {
    expect(sources.filter(({ folder }) => folder === "libs/recovery").flatMap(impurities)).toEqual([]);
  });

  it("behind protocol's main entry run in a browser", () => {
    expect(browserViolations("libs/protocol/src/index.ts", sources)).toEqual([]);
  });

  it("of the console, JSX and all, run in a browser", () => {
    const inBrowser = sources.filter(({ path }) => path.startsWith("apps/console/src/") && !isTestCode(path));
    expect(inBrowser.map(({ path }) => path)).toContain("apps/console/src/main.tsx");
    expect(inBrowser.flatMap(builtinImports)).toEqual([]);
  });

  it("explain every any", () => {
    expect(all.flatMap((entry) => entry.sources.flatMap(anyViolations))).toEqual([]);
  });

  it("are short", () => {
    const written = all.flatMap((entry) => entry.sources).filter(({ path }) => !isTestCode(path) && !isGenerated(path));
    const files = written.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
    expect(lengthViolations(files)).toEqual([]);
  });
});

describe("the tracked files", () => {
  it("have names that say something", () => {
    expect(tracked.flatMap(nameViolations)).toEqual([]);
  });

  it("name no package registry", () => {
    const found = tracked.flatMap((path) => registryHosts(path, readFileSync(join(root, path), "utf8")));
    expect(found).toEqual([]);
  });
});
