import { copyFile, readFile, rm, stat } from "node:fs/promises";
import { waitFor } from "@muster/core/testing";
import { expect, it } from "vitest";
import { useFleet } from "./testing/fleet.ts";
import { launchers, type Program, startProgram } from "./testing/program.ts";

const fleet = useFleet(
  async (fleet) => {
    for (let n = 0; n < 30; n++) await fleet.controlPlane.post("/api/v1/enrolment-tokens", { host: `host-${n}` });
    await waitFor(
      "a point of the control plane",
      async () => {
        const { stdout } = await fleet.muster("points", "--service", "control", "--json");
        const points = JSON.parse(stdout) as { facts: { rows: number } }[];
        return points.some(({ facts }) => facts.rows > 60);
      },
      { timeout: 90_000, interval: 500 },
    );
  },
  () => ({ ownBackups: "1h" }),
);

function restore(): Program {
  const { at, folder, repository } = fleet();
  const place = ["--repository", `file://${repository}`, "--key", at("copy.key")];
  return startProgram("restore", [launchers.controlPlane, "restore", ...place], { directory: folder });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

it("a restore that is killed at any moment leaves no data folder, or the whole one; the next try brings it back", async () => {
  const { at, controlPlane, muster } = fleet();
  await copyFile(`${controlPlane.data}/keys/main.key`, at("copy.key"));
  const authority = await readFile(`${controlPlane.data}/authority.pem`, "utf8");
  await controlPlane.kill("SIGKILL");
  await rm(controlPlane.data, { recursive: true });

  const staging = `${controlPlane.data}.restoring`;
  for (const sign of [
    staging,
    `${staging}/authority.pem`,
    `${staging}/database/PG_VERSION`,
    `${staging}/database.lock`,
  ]) {
    const killed = restore();
    await waitFor(`${sign} to appear`, async () => !killed.running() || (await exists(sign)), {
      timeout: 60_000,
      interval: 2,
    });
    await killed.end("SIGKILL");
    expect(await exists(controlPlane.data), sign).toBe(false);
  }
  const whole = restore();
  expect(await whole.ended(), whole.output()).toBe(0);
  expect(await exists(staging)).toBe(false);
  expect(await readFile(`${controlPlane.data}/authority.pem`, "utf8")).toBe(authority);
  await controlPlane.start();
  const verified = await muster("audit", "verify");
  expect(verified).toMatchObject({ code: 0 });
});
