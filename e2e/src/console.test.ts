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

/** Chromium's own line for a request that a test makes fail. */
const failedRequest =
  /status of 401|ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;

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
    if (message.type() === "error" && !failedRequest.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${fleet().controlPlane.url}/console/`);
});
afterEach(async () => {
  site.release();
  site.mend();
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

describe("a recovery in the console", () => {
  const standing = () => page.getByRole("region", { name: "How it stands" });

  /** Starts a recovery by the command line and opens it in the console. */
  async function open(): Promise<string> {
    const { stdout } = await fleet().muster("recover", "--scenario", "defaced", "--yes");
    const id = stdout.trim();
    await signIn(await operatorToken());
    await page.getByLabel("API token").waitFor({ state: "detached" });
    await page.goto(`${fleet().controlPlane.url}/console/#/recoveries/${id}`);
    return id;
  }

  it("shows why a step failed, and goes on when it is retried", async () => {
    site.breakStart();
    await open();
    const step = page.getByRole("listitem").filter({ hasText: /^failed.*start site/s });
    await step.getByText("the site cannot start: it is broken").waitFor();
    site.mend();
    await step.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
    await standing().getByText("succeeded").waitFor();
  });

  it("says that the control plane is away, and follows again when it is back; pauses and resumes", async () => {
    site.hold("stop");
    const id = await open();
    await standing().getByText("running").waitFor();
    await fleet().controlPlane.kill("SIGTERM");
    await expectText("alert", /control plane cannot be reached/);
    await fleet().controlPlane.start();
    await page.getByRole("alert").waitFor({ state: "detached" });

    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("dialog").waitFor(); // a key that comes before it would go to the page
    await page.keyboard.press("Escape"); // asked, and left
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Pause");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await standing().getByText("paused").waitFor();
    site.release();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await standing().getByText("succeeded").waitFor();
    expect((await fleet().muster("audit", "list")).stdout).toMatch(
      new RegExp(`user:console-.*recovery\\.pause.*${id}`),
    );
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
