import { formatDuration, systemClock } from "@muster/core";
import { type ApiHost, hostSchema } from "@muster/protocol";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { confirmByName } from "../confirm.ts";
import { itemsOf } from "../pages.ts";
import { hostText } from "../render/host.ts";
import { table } from "../render/table.ts";
import { ago } from "../render/time.ts";

/** `muster agents` (also `hosts`): which hosts have an agent, and what they have. */
export function addAgents(program: Command, cli: Cli): void {
  const agents = program.command("agents").alias("hosts").description("hosts and their agents");

  agents
    .command("list", { isDefault: true })
    .description("list hosts")
    .action(async () => {
      const { items } = await (await cli.client()).get("/api/v1/hosts", itemsOf(hostSchema));
      cli.print(items, () => hostTable(cli, items));
      if (items.length === 0) cli.note("No host has enrolled. Begin with: muster token create --host NAME");
    });

  agents
    .command("show <name>")
    .description("show a host's sources, probes and actions")
    .action(async (name: string) => {
      const host = await (await cli.client()).get(`/api/v1/hosts/${encodeURIComponent(name)}`, hostSchema);
      cli.print(host, () => hostText(host, { style: cli.style, now: systemClock.now() }));
    });

  agents
    .command("revoke <name>")
    .description("shut a host out; it has to enrol again with a new token")
    .option("--reason <text>", "for the audit trail")
    .option("--yes", "do not ask")
    .action(async (name: string, { reason, yes }: { reason?: string; yes?: boolean }) => {
      if (yes !== true) await confirmByName(cli, `The agent of ${name} will be shut out at once.`, name);
      const body = reason === undefined ? {} : { reason };
      const host = await (await cli.client()).post(
        `/api/v1/hosts/${encodeURIComponent(name)}/revoke`,
        hostSchema,
        body,
      );
      cli.print(host, () => `revoked ${host.name}`);
    });
}

function hostTable(cli: Cli, hosts: readonly ApiHost[]): string {
  const { style } = cli;
  const states = { online: style.good("online"), offline: style.bad("offline"), revoked: style.dim("revoked") };
  const rows = hosts.map(({ name, state, lastSeenAt, clockOffsetMs, sources, probes, agentVersion }) => [
    ...[name, states[state], ago(lastSeenAt, systemClock.now())],
    clockOffsetMs === undefined ? "–" : formatDuration(clockOffsetMs),
    sources.map((source) => source.name).join(", ") || "–",
    probes.map((probe) => (probe.state === "failing" ? style.bad(`${probe.name}!`) : probe.name)).join(", ") || "–",
    agentVersion ?? "–",
  ]);
  return table(["HOST", "STATE", "LAST SEEN", "CLOCK OFF BY", "SOURCES", "PROBES", "VERSION"], rows, { style });
}
