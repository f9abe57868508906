import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Api } from "./api.ts";
import type { Folder } from "./folder.ts";
import { run, type Started, start, until } from "./processes.ts";
import { type Host, hostFolder, hosts, places, type Settings } from "./settings.ts";

const workspace = join(import.meta.dirname, "..", "..", "..");
const controlPlane = join(workspace, "apps", "control-plane", "bin", "muster-control-plane");
const agent = join(workspace, "apps", "agent", "bin", "muster-agent");
/** The launchers run under the Node that runs the demo. */
const environment = { MUSTER_NODE: process.execPath, MUSTER_LOG: "info" };

/** Starts the control plane and waits until it answers. */
export async function startControlPlane(folder: Folder, settings: Settings): Promise<Started> {
  const { http, session, enrol } = settings.ports;
  const data = folder.at("control-plane");
  const ports = ["--http-port", http, "--session-port", session, "--enrol-port", enrol].map(String);
  const started = start(folder, "control-plane", [controlPlane, "run", "--data", data, ...ports], environment);
  const answers = until("the control plane", async () => (await fetch(`http://127.0.0.1:${http}/healthz`)).ok);
  await Promise.race([answers, started.ended]);
  return started;
}

/** Enrols and starts an agent on every host. */
export async function startAgents(folder: Folder, settings: Settings, api: Api): Promise<Started[]> {
  const started = await Promise.all(
    hosts.map(async (host) => {
      const config = join(hostFolder(settings, host), "agent.yaml");
      await writeFile(config, stringify(agentConfig(settings, host)));
      const { token } = await api.post<{ token: string }>("/api/v1/enrolment-tokens", { host });
      await run([agent, "enroll", "--token-file", "-", "--config", config], environment, token);
      return start(folder, `agent-${host}`, [agent, "run", "--config", config], environment);
    }),
  );
  await until("all agents to be online", async () => {
    const { items } = await api.get<{ items: { state: string }[] }>("/api/v1/hosts");
    return items.filter(({ state }) => state === "online").length === hosts.length;
  });
  return started;
}

/** The plan of the demo, as it is applied. */
export function readPlan(): Promise<string> {
  return readFile(join(import.meta.dirname, "..", "plan.yaml"), "utf8");
}

/** agent.yaml of a host: what it has, how its health is seen, and the only things that may be done to it. */
function agentConfig(settings: Settings, host: Host): unknown {
  const at = places(settings);
  const timing = { interval: "2s", timeout: "20s", retries: 1 };
  const data = join(hostFolder(settings, host), "agent");
  switch (host) {
    case "db-1": {
      const server = { type: "postgres", port: settings.ports.postgres, passwordFile: at.postgresPassword };
      return {
        data,
        sources: { orders: { ...server, databases: ["orders"] } },
        probes: {
          "postgres-answers": { ...server, database: "orders", query: "select count(*) > 0 from products", ...timing },
        },
        actions: actions(settings, "prepare-postgres", "start-postgres", "stop-postgres"),
      };
    }
    case "cache-1":
      return {
        data,
        sources: {
          carts: { type: "redis", port: settings.ports.redis, dataDirectory: at.redisData, dbfilename: "dump.rdb" },
        },
        probes: { "redis-answers": { type: "redis", port: settings.ports.redis, ...timing } },
        actions: actions(settings, "start-redis", "stop-redis"),
      };
    case "edge-1":
      return {
        data,
        sources: { "shop-config": { type: "files", root: at.configuration } },
        probes: { "disk-has-room": { type: "disk", path: hostFolder(settings, host), minFree: "100MB", ...timing } },
      };
    case "app-1":
      return {
        data,
        sources: { receipts: { type: "files", root: at.receipts, exclude: ["*.part"] } },
        probes: { "shop-answers": { type: "action", action: "check-shop", ...timing } },
        actions: actions(settings, "start-shop", "stop-shop", "check-shop"),
      };
  }
}

function actions(settings: Settings, ...names: string[]): Record<string, { argv: string[]; timeout: string }> {
  const script = join(import.meta.dirname, "host", "act.ts");
  const argv = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    script,
    join(settings.folder, "settings.json"),
  ];
  return Object.fromEntries(names.map((name) => [name, { argv: [...argv, name], timeout: "120s" }]));
}
