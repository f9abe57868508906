import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { waitFor } from "@muster/core/testing";

const folder = fileURLToPath(new URL("../../../../.cache/moto/", import.meta.url));

/** A key service (AWS KMS, by moto) on a free port of the loopback. */
export interface KeyService extends AsyncDisposable {
  /** What a process needs in its environment to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes a key; its ARN. */
  createKey(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a key service whose keys live as long as it does. */
export async function startKeyService(): Promise<KeyService> {
  if (!existsSync(`${folder}version`)) throw new Error(`${folder} is missing; npm test installs it`);
  const python = readFileSync(`${folder}python`, "utf8").trim();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    env: { PATH: process.env.PATH ?? "", PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000);
  });
  const ended = once(child, "close");
  const killAtExit = (): void => void child.kill("SIGKILL"); // a test run that breaks off leaves no server
  process.once("exit", killAtExit);
  const stop = async (): Promise<void> => {
    process.off("exit", killAtExit);
    child.kill("SIGTERM");
    await ended;
  };
  await waitFor(
    "the key service",
    () => {
      if (child.exitCode !== null) throw new Error(`the key service ended:\n${said}`);
      return fetch(`${endpoint}/moto-api/`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    { timeout: 60_000 },
  );
  const credentials = { accessKeyId: "muster-test", secretAccessKey: "secret-for-tests" };
  const { CreateKeyCommand, KMSClient } = await import("@aws-sdk/client-kms");
  const client = new KMSClient({ endpoint, region: "eu-central-1", credentials });
  return {
    environment: {
      AWS_ENDPOINT_URL_KMS: endpoint,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async createKey() {
      const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
      if (KeyMetadata?.Arn === undefined) throw new Error("the key service made no key");
      return KeyMetadata.Arn;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP listener has a port");
  return address.port;
}
