import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { createClient } from "@redis/client";
import { freePort } from "./ports.ts";

export interface TestRedis extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly dataDirectory: string;
  call(...command: string[]): Promise<unknown>;
  start(): Promise<void>;
  /** SIGTERM saves and ends, SIGKILL is a crash. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** A real Redis in a temporary directory on a free loopback port, with a password. Disposing stops it and removes the directory. */
export async function startRedis({ appendOnly = false } = {}): Promise<TestRedis> {
  const home = await mkdtemp(join(tmpdir(), "muster-redis-"));
  const server = redisAt(home, await freePort(), appendOnly);
  await server.start();
  return server;
}

function redisAt(home: string, port: number, appendOnly: boolean): TestRedis {
  const password = "test-redis-password";
  const dataDirectory = join(home, "data");
  let child: ChildProcess | undefined;
  const call = async (...command: string[]): Promise<unknown> => {
    const client = createClient({ RESP: 2, password, socket: { host: "127.0.0.1", port, reconnectStrategy: false } });
    client.on("error", () => undefined); // the call that waits gets it too
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> => {
    const running = child;
    if (running === undefined) return;
    running.kill(signal);
    await waitFor("Redis to end", () => running.exitCode !== null || running.signalCode !== null);
    child = undefined;
  };
  return {
    host: "127.0.0.1",
    port,
    password,
    dataDirectory,
    call,
    stop,
    async start() {
      await mkdir(dataDirectory, { recursive: true });
      const settings = { port, bind: "127.0.0.1", dir: dataDirectory, requirepass: password, save: "" };
      const args = Object.entries({ ...settings, appendonly: appendOnly ? "yes" : "no" });
      const argv = args.flatMap(([name, value]) => [`--${name}`, String(value)]);
      child = spawn("redis-server", [...argv, "--enable-debug-command", "local"], { stdio: "ignore" });
      await waitFor("Redis to answer", () =>
        call("PING").then(
          (answer) => answer === "PONG",
          () => false,
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
      await rm(home, { recursive: true, force: true });
    },
  };
}
