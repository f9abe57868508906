import { copyFile, readFile, rm } from "node:fs/promises";
import { waitFor } from "@muster/core/testing";
import { expect, it } from "vitest";
import type { Host } from "./testing/agent.ts";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { launchers, startProgram } from "./testing/program.ts";
import { makeSite, type Site } from "./testing/site.ts";
import { fingerprint } from "./testing/tree.ts";
import { type RecoveryView, recoveryWhen } from "./testing/views.ts";

let site: Site;
let host: Host;

const fleet = useFleet(
  async (fleet) => {
    site = await makeSite(fleet.hostFolder("web-1"));
    host = await fleet.addAgent("web-1", site.yaml);
    await fleet.applyPlan({
      version: 1,
      name: "lost",
      timezone: "UTC",
      services: {
        site: {
          tier: 1,
          host: "web-1",
          sources: { pages: {} },
          probes: ["site-answers"],
          actions: { stop: "stop-site", start: "start-site" },
        },
      },
    });
  },
  () => ({ ownBackups: "1h" }),
);

interface Point {
  readonly id: string;
  readonly facts: { readonly auditSeq: number };
}

/** Waits for a point of the control plane that knows the last act of a person. */
async function ownPoint(): Promise<Point> {
  const { items } = await fleet().controlPlane.get<{ items: { seq: number; actor: string }[] }>(
    "/api/v1/audit?limit=100",
  );
  const seq = items.find(({ actor }) => actor.startsWith("user:"))?.seq ?? 0;
  return waitFor(
    "a point of the control plane",
    async () => {
      const { stdout } = await fleet().muster("points", "--service", "control", "--json");
      return (JSON.parse(stdout) as Point[]).find(({ facts }) => facts.auditSeq >= seq);
    },
    { timeout: 60_000, interval: 500 },
  );
}

async function restore(...options: string[]): Promise<{ code: number; output: string }> {
  const { at, folder, repository } = fleet();
  const place = ["--repository", `file://${repository}`, "--key", at("copy-of-main.key")];
  const program = startProgram("restore", [launchers.controlPlane, "restore", ...place, ...options], {
    directory: folder,
  });
  return { code: await program.ended(), output: program.output() };
}

it("comes back from the repository and its key: agents reconnect, a recovery goes on, and the next one works", async () => {
  const { at, controlPlane, muster } = fleet();
  await copyFile(`${controlPlane.data}/keys/main.key`, at("copy-of-main.key")); // as the documents ask for
  const token = await readFile(`${controlPlane.data}/admin.token`, "utf8");
  const pages = await fingerprint(site.pages);
  expectCode(await muster("backup", "--all", "--wait"));
  await rm(site.pages, { recursive: true });
  site.hold("start");
  const started = await muster("recover", "--yes");
  expectCode(started);
  const id = started.stdout.trim();
  await recoveryWhen(controlPlane, id, "its held step", ({ steps }) =>
    steps.some((step) => step.id.endsWith("/start") && step.state === "running"),
  );
  const point = await ownPoint();
  expectCode(await muster("backup", "--all", "--wait")); // a point that the control plane's own does not know

  await controlPlane.kill("SIGKILL");
  await rm(controlPlane.data, { recursive: true });
  await rm(at("control-plane.yaml"));
  const listed = await restore("--list");
  expect(listed.output).toContain(point.id);
  const restored = await restore("--point", point.id);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.output).toContain(`recovery ${id} was running; it is paused`);
  expect(restored.output).toMatch(/catalog of main: \d+ points, [1-9]\d* of them new/);
  expect(await restore()).toMatchObject({ code: 1, output: expect.stringContaining("is not empty") });

  await controlPlane.start();
  expect(await readFile(`${controlPlane.data}/admin.token`, "utf8")).toBe(token);
  await fleet().awaitOnline("web-1");
  expect(host.program().running()).toBe(true);
  expectCode(await muster("audit", "verify"));
  expect((await muster("plan", "show")).stdout).toContain("lost");
  expect(JSON.parse((await muster("points", "--service", "site", "--json")).stdout)).toHaveLength(2);

  expect(await controlPlane.get<RecoveryView>(`/api/v1/recoveries/${id}`)).toMatchObject({ state: "paused" });
  site.release();
  expectCode(await muster("recoveries", "resume", id, "--watch"));
  expect(await fingerprint(site.pages)).toEqual(pages);

  await rm(site.pages, { recursive: true });
  expectCode(await muster("recover", "--yes", "--watch"));
  expect(await fingerprint(site.pages)).toEqual(pages);
  await ownPoint(); // it protects itself again
});
