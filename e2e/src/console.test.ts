import { writeFile } from "node:fs/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chromiumPath } from "./testing/chromium.ts";
import { useFleet } from "./testing/fleet.ts";
import { makeSite, type Site } from "./testing/site.ts";
import { fingerprint } from "./testing/tree.ts";

let site: Site;
let browser: Browser;
let page: Page;
/** What the browser complained about: errors of the page, and what its policy refused. */
let complaints: string[];

const gate = { interval: "200ms", successes: 1, deadline: "20s" };

const fleet = useFleet(async (fleet) => {
  site = await makeSite(fleet.hostFolder("site-1"));
  await fleet.addAgent("site-1", site.yaml);
  await fleet.applyPlan({
    version: 1,
    name: "web",
    timezone: "UTC",
    services: {
      site: {
        ...{ tier: 1, host: "site-1", sources: { pages: {} }, probes: ["site-answers"], gate },
        actions: { stop: "stop-site", start: "start-site" },
      },
    },
    scenarios: { defaced: { objectives: { rto: "10m" }, restore: { services: ["site"] } } },
  });
  const { code, stderr } = await fleet.muster("backup", "--all", "--wait");
  if (code !== 0) throw new Error(stderr);
});

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ["--no-sandbox"] }); // root has no sandbox
});
afterAll(() => browser?.close());

beforeEach(async () => {
  complaints = [];
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  page = await context.newPage();
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    const expected = /status of 401/.test(message.text()); // Chromium's own line for each failed request
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  await page.goto(`${fleet().controlPlane.url}/console/`);
});
afterEach(async () => {
  site.release();
  await page.context().close();
  expect(complaints).toEqual([]);
});

/** A token as an operator gets one. */
async function operatorToken(): Promise<string> {
  const { stdout } = await fleet().muster("token", "create", "--api", `console-${Date.now()}`, "--role", "operator");
  return stdout.trim();
}

async function signIn(token: string): Promise<void> {
  await page.getByLabel("API token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

describe("the console", () => {
  it("refuses a wrong token with a clear error, and keeps nothing of it", async () => {
    await signIn("muster_not-a-token");
    await expectText("alert", /token/i);
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    expect(await page.getByLabel("API token").isVisible()).toBe(true);
  });

  it("shows the service with its health and exposure, the host, and the audit trail", async () => {
    await signIn(await operatorToken());
    const row = page.getByRole("row", { name: /^site/ });
    await row.getByText("operational").waitFor();
    expect(await row.textContent()).toMatch(/site-1/);
    expect(await row.textContent()).toMatch(/\d+s ago/);

    await page.getByRole("link", { name: "Hosts" }).click();
    await page
      .getByRole("row", { name: /^site-1/ })
      .getByText("online")
      .waitFor();
    await page.getByRole("link", { name: "Audit" }).click();
    await page
      .getByRole("row", { name: /plan\.apply/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page
      .getByRole("status")
      .getByText(/records/)
      .waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API token").waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
  });

  it("starts a recovery from its preview, shows it live to its success, and rolls it back", async () => {
    const pages = await fingerprint(site.pages);
    await writeFile(`${site.pages}/index.html`, "<h1>Defaced</h1>\n");
    const defaced = await fingerprint(site.pages);
    await signIn(await operatorToken());

    await page.getByRole("link", { name: "Start a recovery" }).click();
    await page.getByText("Nothing was touched yet.").waitFor();
    await page.getByText("REAL", { exact: true }).waitFor();
    await page.getByText(/restore pages from/).waitFor();
    expect(await fingerprint(site.pages)).toEqual(defaced);

    site.hold("start");
    await page.getByRole("button", { name: "Start this recovery …" }).click();
    await confirmByName("Start");
    const start = page.getByRole("listitem").filter({ hasText: /^running.*start site/s });
    await start.waitFor(); // without a reload: the steps come as events
    await expectText("timer", /left of the RTO of 10m/);
    site.release();
    const standing = page.getByRole("region", { name: "How it stands" });
    await standing.getByText("succeeded").waitFor();
    await expectText("timer", /within the RTO of 10m/);
    expect(await fingerprint(site.pages)).toEqual(pages);

    await page.getByRole("button", { name: "Roll back …" }).click();
    await confirmByName("Roll back");
    await standing.getByText("rolled back", { exact: true }).waitFor();
    expect(await fingerprint(site.pages)).toEqual(defaced);

    await page.getByRole("link", { name: "Recoveries" }).click();
    await page.getByRole("row", { name: /defaced.*rolled back/ }).waitFor();
  });
});

/** Answers the dialog: its button does nothing until the plan's name has been typed. */
async function confirmByName(verb: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  const button = dialog.getByRole("button", { name: verb, exact: true });
  const name = dialog.getByLabel(/^Type web/);
  await name.fill("we");
  expect(await button.isDisabled()).toBe(true);
  await name.fill("web");
  await button.click();
  await dialog.waitFor({ state: "detached" });
}

async function expectText(role: "alert" | "timer", wanted: RegExp): Promise<void> {
  await page.getByRole(role).filter({ hasText: wanted }).waitFor();
}
