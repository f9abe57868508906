import { copyFile, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres, type TestPostgres } from "@muster/agent/testing";
import { waitFor } from "@muster/core/testing";
import { afterAll, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { launchers, startProgram } from "./testing/program.ts";
import { makeSite, type Site } from "./testing/site.ts";
import { fingerprint } from "./testing/tree.ts";

let site: Site;
let server: TestPostgres;
let pages: Record<string, string>;
let secret: string;

afterAll(() => server?.[Symbol.asyncDispose]());
const fleet = useFleet(
  async (fleet) => {
    server = await startPostgres();
    await server.query("CREATE DATABASE shop");
    await server.query("CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 500) n", "shop");
    site = await makeSite(fleet.hostFolder("web-1"));
    pages = await fingerprint(site.pages);
    const passwordFile = fleet.at("pg.password");
    await writeFile(passwordFile, server.password, { mode: 0o600 });
    const orders = { type: "postgres", port: server.port, passwordFile, databases: ["shop"] };
    await Promise.all([fleet.addAgent("web-1", site.yaml), fleet.addAgent("db-1", { sources: { orders } })]);
    await fleet.applyPlan({
      version: 1,
      name: "shop",
      timezone: "UTC",
      tiers: [
        { tier: 1, name: "Data" },
        { tier: 2, name: "Web" },
      ],
      services: {
        orders: { tier: 1, host: "db-1", sources: { orders: {} } },
        site: {
          tier: 2,
          host: "web-1",
          dependsOn: ["orders"],
          sources: { pages: {} },
          actions: { start: "start-site" },
        },
      },
    });
    expectCode(await fleet.muster("backup", "--all", "--wait"));
    secret = (await readFile(join(fleet.controlPlane.data, "keys", "main.key"), "utf8")).trim();
  },
  () => ({ ownBackups: "1h" }),
);

/** The commands of a printed kit, as they stand. */
const commandsOf = (kit: string): string[] => kit.split("\n").flatMap((line) => /^ {4}(\S.*)$/.exec(line)?.[1] ?? []);

describe("the recovery kit", () => {
  it("is a page of its own without a secret, unless an admin asks for them and confirms", async () => {
    const { at, muster, folder } = fleet();
    expectCode(await muster("kit", "--out", "kit.html"));
    const html = await readFile(at("kit.html"), "utf8");
    expect(html).not.toContain(secret);
    expect(html).not.toMatch(/<script|<link|src=|@import|url\(/);
    expect(html).toContain(`file://${folder}/repository`);
    expect((await stat(at("kit.html"))).mode & 0o777).toBe(0o600);
    expect((await muster("kit", "--out", "kit.html")).code).toBe(1); // it is there already
    expect((await muster("kit", "--with-secrets")).code).toBe(2); // nobody has confirmed
    const full = await muster("kit", "--with-secrets", "--yes");
    expect(full.stdout).toContain(secret);
    expect(full.stdout).toContain("THIS KIT HOLDS SECRETS");
    expect((await muster("audit")).stdout).toMatch(/kit\.make .*withSecrets=true/);
  });

  it("brings everything back when it is followed to the letter in a bare folder", async () => {
    const { at, controlPlane, folder, muster } = fleet();
    const { seq = 0 } = (await controlPlane.get<{ items: { seq: number }[] }>("/api/v1/audit?limit=1")).items[0] ?? {};
    expect(seq).toBeGreaterThan(0);
    await waitFor(
      "the control plane's own backup of all that was done",
      async () => {
        const points = (await muster("points", "--service", "control", "--json")).stdout;
        return [...points.matchAll(/"auditSeq":\s*(\d+)/g)].some(([, covered]) => Number(covered) >= seq);
      },
      { timeout: 90_000, interval: 500 },
    );
    expectCode(await muster("kit", "--out", "kit.txt"));
    const commands = commandsOf(await readFile(at("kit.txt"), "utf8"));

    // The worst day: no control plane, no pages, no database.
    await controlPlane.kill("SIGKILL");
    await rm(controlPlane.data, { recursive: true });
    await rm(at("control-plane.yaml"));
    await rm(site.pages, { recursive: true });
    await server.query("DROP DATABASE shop");

    const bare = at("bare");
    const bin = join(bare, "bin");
    await mkdir(bin, { recursive: true });
    for (const [name, path] of Object.entries({
      muster: launchers.cli,
      "muster-agent": launchers.agent,
      "muster-control-plane": launchers.controlPlane,
    }))
      await symlink(path, join(bin, name));
    await writeFile(join(bare, "main.key"), `${secret}\n`); // what the kit says to write by hand
    await copyFile(at("pg.password"), join(bare, "pg.password"));
    const path = `${bin}:${process.env.PATH ?? ""}`;
    const follow = async (command: string) => {
      const program = startProgram(command, ["sh", "-c", command], {
        directory: bare,
        environment: { PATH: path, MUSTER_DATA: controlPlane.data },
      });
      return { command, code: await program.ended(), output: program.output() };
    };

    const here = commands.filter((line) => line.startsWith("muster-agent ") && !line.includes("SERVICE"));
    expect(here.length).toBeGreaterThanOrEqual(4);
    for (const line of here)
      expect(await follow(line.replace("/restore/", `${bare}/restore/`))).toMatchObject({ code: 0 });
    expect(await fingerprint(join(bare, "restore", "site-pages", "roots", "0"))).toEqual(pages);
    expect(await server.query("SELECT count(*)::int AS n FROM orders", "shop")).toEqual([{ n: 500 }]);

    const restore = commands.find((line) => line.startsWith("muster-control-plane restore")) ?? "";
    expect(await follow(restore)).toMatchObject({ code: 0 });
    expect(commands).toContain(`muster-control-plane run --config ${folder}/control-plane.yaml`);
    expect(commands).toContain(`export MUSTER_DATA=${controlPlane.data}`);
    await controlPlane.start(); // that very command
    await fleet().awaitOnline("web-1");
    await fleet().awaitOnline("db-1");
    for (const line of ["muster agents", "muster status", "muster recover --dry-run", "muster recover --watch"]) {
      expect(commands).toContain(line);
      const done = await follow(line === "muster recover --watch" ? `${line} --yes` : line);
      expect([0, 4], done.output).toContain(done.code);
    }
    expect(await fingerprint(site.pages)).toEqual(pages);
  });
});
