import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type AgentYaml, enrolHost, type Host } from "./agent.ts";
import {
  type ControlPlane,
  type ControlPlaneSettings,
  type RepositorySettings,
  startControlPlane,
} from "./control-plane.ts";
import { processesOf } from "./leftovers.ts";
import { launchers, type Program, startProgram } from "./program.ts";

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Fleet {
  readonly folder: string;
  readonly controlPlane: ControlPlane;
  /** The repository `main`, an object store in a folder. */
  readonly repository: string;
  /** A path in the fleet's folder. */
  at(...parts: string[]): string;
  /** The folder that stands for a host's disk; it may be filled before the agent comes. */
  hostFolder(name: string): string;
  /** Enrols an agent, starts it, and waits until it is online. */
  addAgent(name: string, yaml: AgentYaml): Promise<Host>;
  awaitOnline(name: string): Promise<void>;
  applyPlan(plan: unknown): Promise<void>;
  /** Runs the command line in the fleet's folder; it finds the control plane by MUSTER_DATA. */
  muster(...args: string[]): Promise<CliResult>;
  /** The same, in the background. */
  startMuster(...args: string[]): Program;
  stop(): Promise<void>;
  /** What every program has written, for a test that failed. */
  logs(): string;
}

export interface FleetSettings {
  /** Folder of the repository `main`; default: in the fleet's folder. */
  readonly repository?: string | undefined;
  /** The repository `main` in S3, with the control plane's credentials, or in the vault, in place of a folder. */
  readonly place?: RepositorySettings | undefined;
  /** Further repositories, as control-plane.yaml names them. */
  readonly copies?: ControlPlaneSettings["repositories"] | undefined;
  /** What control-plane.yaml says of the vault. */
  readonly vault?: ControlPlaneSettings["vault"];
  /** `postgres://…` for the control plane; without it the embedded database. */
  readonly database?: string;
  /** How often the control plane backs itself up; never, unless said. */
  readonly ownBackups?: string;
}

/** One fleet for a test file: started before all tests, its logs shown when one fails, removed after all. */
export function useFleet(
  prepare: (fleet: Fleet) => Promise<void>,
  settings: () => FleetSettings = () => ({}),
): () => Fleet {
  let fleet: Fleet | undefined;
  beforeAll(async () => {
    fleet = await startFleet(settings());
    await prepare(fleet).catch((thrown: unknown) => {
      process.stderr.write(fleet?.logs() ?? "");
      throw thrown;
    });
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") process.stderr.write(fleet?.logs() ?? "");
  });
  afterAll(() => fleet?.stop());
  return () => {
    if (fleet === undefined) throw new Error("the fleet has not started");
    return fleet;
  };
}

/** A control plane in a temporary folder; agents come one by one. */
export async function startFleet(settings: FleetSettings = {}): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), "muster-e2e-"));
  await chmod(folder, 0o755); // PostgreSQL's own user works below it
  const repository = settings.repository ?? join(folder, "repository");
  const repositories = { main: settings.place ?? { url: `file://${repository}` }, ...settings.copies };
  const controlPlane = await startControlPlane(folder, { ...settings, repositories });
  const hosts: Host[] = [];
  const at = (...parts: string[]): string => join(folder, ...parts);
  const startMuster = (...args: string[]): Program =>
    startProgram("muster", [launchers.cli, ...args], {
      directory: folder,
      environment: { MUSTER_DATA: controlPlane.data, NO_COLOR: "1" },
    });

  const fleet: Fleet = {
    folder,
    controlPlane,
    repository,
    at,
    hostFolder: (name) => at("hosts", name),
    async addAgent(name, yaml) {
      const { token } = await controlPlane.post<{ token: string }>("/api/v1/enrolment-tokens", { host: name });
      const host = await enrolHost(fleet.hostFolder(name), name, yaml, token);
      hosts.push(host);
      await fleet.awaitOnline(name);
      return host;
    },
    async awaitOnline(name) {
      await waitFor(`${name} to be online`, () => isOnline(controlPlane, name), { timeout: 60_000, interval: 100 });
    },
    async applyPlan(plan) {
      await mkdir(at("plans"), { recursive: true });
      await writeFile(at("plans", "plan.yaml"), JSON.stringify(plan, undefined, 2));
      const { code, stdout, stderr } = await fleet.muster("plan", "apply", at("plans", "plan.yaml"));
      if (code !== 0) throw new Error(`the plan was not applied:\n${stdout}${stderr}`);
    },
    async muster(...args) {
      const program = startMuster(...args);
      const code = await program.ended();
      return { code, stdout: program.stdout(), stderr: program.stderr() };
    },
    startMuster,
    async stop() {
      await Promise.all(hosts.map((host) => host.kill("SIGTERM")));
      await controlPlane.kill("SIGTERM");
      await noneLeft(folder);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
    logs: () =>
      [controlPlane, ...hosts]
        .map(({ program }) => `\n── ${program().name} (last run) ──\n${program().output().slice(-8000)}`)
        .join(""),
  };
  return fleet;
}

/** A process that outlives its fleet is a failure, and is ended all the same. */
async function noneLeft(folder: string): Promise<void> {
  const gone = (): boolean => processesOf(folder).length === 0;
  await waitFor("every process of the fleet to end", gone).catch((thrown: unknown) => {
    const left = processesOf(folder);
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    throw new Error(`left behind: ${left.map(({ command }) => command).join("; ")}`, { cause: thrown });
  });
}

async function isOnline(controlPlane: ControlPlane, name: string): Promise<boolean> {
  const { items } = await controlPlane.get<{ items: { name: string; state: string }[] }>("/api/v1/hosts");
  return items.some((host) => host.name === name && host.state === "online");
}
