import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "@muster/core/testing";

const program = fileURLToPath(new URL("../../../../../.cache/seaweedfs/bin/weed", import.meta.url));

/** Two keys: one may do everything, the other what docs/repositories.md gives to agents. */
export const identities = {
  admin: { accessKeyId: "muster-admin", secretAccessKey: "admin-secret-for-tests" },
  agent: { accessKeyId: "muster-agent", secretAccessKey: "agent-secret-for-tests" },
} as const;

/** What an agent may do: add and read. As docs/repositories.md has it. */
const agentActions = [
  "s3:PutObject",
  "s3:PutObjectRetention",
  "s3:GetObject",
  "s3:ListBucket",
  "s3:AbortMultipartUpload",
  "s3:GetBucketObjectLockConfiguration",
];

/** A server process that can be ended and started again over the same data. */
export interface Seaweed {
  readonly endpoint: string;
  /** The same without TLS. */
  readonly plainEndpoint: string;
  start(): Promise<void>;
  /** SIGKILL: what a power failure leaves. */
  kill(): Promise<void>;
}

export interface SeaweedTls {
  readonly certificate: string;
  readonly key: string;
}

/** A SeaweedFS on free loopback ports with its data in the folder; `start` starts it. */
export async function seaweed(folder: string, tls?: SeaweedTls): Promise<Seaweed> {
  if (!existsSync(program)) throw new Error(`${program} is missing; npm test installs it`);
  const ports = await freePorts(9);
  const settings = writeSettings(folder);
  const plainEndpoint = `http://127.0.0.1:${ports[7]}`;
  const endpoint = tls === undefined ? plainEndpoint : `https://127.0.0.1:${ports[8]}`;
  let child: ChildProcess | undefined;
  const killAtExit = (): void => void child?.kill("SIGKILL"); // a test run that breaks off leaves no server
  return {
    endpoint,
    plainEndpoint,
    async start() {
      const log = openSync(join(folder, "log"), "a");
      child = spawn(program, serverArguments(folder, settings, ports, tls), {
        stdio: ["ignore", log, log],
        cwd: folder,
      });
      closeSync(log);
      process.once("exit", killAtExit);
      const started = child;
      await waitFor("SeaweedFS", () => {
        if (started.exitCode === null) return answers(plainEndpoint);
        throw new Error(`SeaweedFS ended:\n${readFileSync(join(folder, "log"), "utf8").slice(-2000)}`);
      });
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      process.off("exit", killAtExit);
      child.kill("SIGKILL");
      await once(child, "close");
      removeSockets(ports);
    },
  };
}

function serverArguments(folder: string, settings: string, ports: readonly number[], tls?: SeaweedTls): string[] {
  const [master, masterGrpc, volume, volumeGrpc, filer, filerGrpc, s3Grpc, s3, https] = ports;
  const secure =
    tls === undefined ? [] : [`-s3.port.https=${https}`, `-s3.cert.file=${tls.certificate}`, `-s3.key.file=${tls.key}`];
  return [
    "-logtostderr=true",
    "server",
    `-dir=${join(folder, "data")}`,
    "-ip=127.0.0.1",
    `-master.port=${master}`,
    `-master.port.grpc=${masterGrpc}`,
    `-volume.port=${volume}`,
    `-volume.port.grpc=${volumeGrpc}`,
    `-filer.port=${filer}`,
    `-filer.port.grpc=${filerGrpc}`,
    `-filer.localSocket=${join(folder, "filer.sock")}`,
    "-s3",
    `-s3.port=${s3}`,
    `-s3.port.grpc=${s3Grpc}`,
    `-s3.localSocket=${join(folder, "s3.sock")}`,
    `-s3.config=${settings}`,
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-master.volumeSizeLimitMB=1024",
    "-master.electionTimeout=1s", // a restart waits for it
    "-volume.max=1000", // each bucket takes some
    ...secure,
  ];
}

/** It makes these in /tmp, wherever its folder is, and leaves them when it is killed. */
function removeSockets(ports: readonly number[]): void {
  for (const part of ["master", "volume", "filer", "s3"]) {
    for (const port of ports) rmSync(`/tmp/seaweedfs-${part}-grpc-${port}.sock`, { force: true });
  }
}

function writeSettings(folder: string): string {
  mkdirSync(join(folder, "data"), { recursive: true });
  const statement = { Effect: "Allow", Action: agentActions, Resource: ["arn:aws:s3:::*", "arn:aws:s3:::*/*"] };
  const policy = { Version: "2012-10-17", Statement: [statement] };
  const { admin, agent } = identities;
  const key = ({ accessKeyId: accessKey, secretAccessKey: secretKey }: typeof admin | typeof agent) => ({
    accessKey,
    secretKey,
  });
  const settings = {
    identities: [
      { name: "admin", credentials: [key(admin)], actions: ["Admin", "Read", "Write", "List", "Tagging"] },
      { name: "agent", credentials: [key(agent)], actions: [], policyNames: ["append"] },
    ],
    policies: [{ name: "append", content: JSON.stringify(policy) }],
  };
  const file = join(folder, "s3.json");
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

/** It answers before its parts have found each other; then a list of buckets still fails. */
async function answers(endpoint: string): Promise<boolean> {
  const answer = await fetch(`${endpoint}/healthz`).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.ok === true;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, "close");
      if (typeof address === "object" && address !== null) return address.port;
      throw new Error("no port");
    }),
  );
}
