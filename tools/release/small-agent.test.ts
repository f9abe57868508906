import { expect, it } from "vitest";
import { text } from "../workspace.ts";

it("starts the agent with the same settings everywhere, for they keep it small", () => {
  const settings = /^small="(.+)"$/m.exec(text("apps/agent/bin/muster-agent"))?.[1] ?? "";
  expect(settings).toContain("--max-semi-space-size=1");
  expect(text("deploy/systemd/muster-agent.service")).toContain(`"SMALL=${settings}"`);
  expect(text("deploy/docker/Dockerfile").replaceAll('", "', " ")).toContain(`"node ${settings} /opt/muster`);
});
