import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@muster/agent/testing";
import { waitFor } from "@muster/core/testing";
import { placeTestDatabase } from "@muster/database/testing";
import { launchers, type Program, startProgram } from "./program.ts";

export interface ControlPlane {
  /** Its own data folder. */
  readonly data: string;
  readonly url: string;
  readonly program: () => Program;
  /** GET on the REST API, as its admin. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same folder and ports, and waits until it answers. */
  start(): Promise<void>;
}

export interface RepositorySettings {
  readonly url: string;
  readonly credentialsFile?: string;
  readonly copyOf?: string;
  readonly verifyEvery?: string;
  readonly sweep?: Readonly<Record<string, string>>;
}

export interface ControlPlaneSettings {
  readonly repositories: Readonly<Record<string, RepositorySettings>>;
  /** `postgres://…`; without it the embedded database. */
  readonly database?: string;
  /** How often it backs itself up; never, unless said. */
  readonly ownBackups?: string;
  /** Of control-plane.yaml; the port is chosen. */
  readonly vault?: { readonly quotaPerHost?: string };
}

/** Starts a control plane of its own in the folder, with a heartbeat of one second, and waits until it answers. */
export async function startControlPlane(
  folder: string,
  { repositories, database, ownBackups = "off", vault }: ControlPlaneSettings,
): Promise<ControlPlane> {
  const data = join(folder, "control-plane");
  const [http, sessionPort, enrolPort, vaultPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const url = `http://127.0.0.1:${http}`;
  const config = {
    ...{ data, http: { port: http }, agents: { sessionPort, enrolPort, heartbeat: "1s" }, repositories },
    ...{ ownBackups: { every: ownBackups }, vault: { ...vault, port: vaultPort } },
  };
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (database === undefined) await placeTestDatabase(join(data, "database"));
  await writeFile(join(folder, "control-plane.yaml"), JSON.stringify(config));
  const argv = [launchers.controlPlane, "run", "--config", join(folder, "control-plane.yaml")];

  const environment = { MUSTER_LOG: "info", ...(database === undefined ? {} : { DATABASE_URL: database }) };
  const launch = (): Program => startProgram("control-plane", argv, { directory: folder, environment });
  let program = launch();
  const ready = async (): Promise<void> => {
    await waitFor("the control plane to answer", () => answers(url, program), { timeout: 60_000 });
  };
  await ready();
  return {
    data,
    url,
    program: () => program,
    get: (path) => call(url, data, "GET", path),
    post: (path, body) => call(url, data, "POST", path, body),
    kill: (signal) => program.end(signal),
    async start() {
      program = launch();
      await ready();
    },
  };
}

async function answers(url: string, program: Program): Promise<boolean> {
  if (!program.running()) throw new Error(`the control plane has ended:\n${program.output()}`);
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function call<T>(url: string, data: string, method: string, path: string, body?: unknown): Promise<T> {
  const file = join(data, "admin.token");
  if (!existsSync(file)) throw new Error(`the control plane has not written ${file}`);
  const headers: Record<string, string> = { authorization: `Bearer ${(await readFile(file, "utf8")).trim()}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T; // the shapes are those of @muster/protocol
}
