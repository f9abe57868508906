import { Worker } from "node:worker_threads";
import { errorValue, fromErrorValue, MusterError } from "@muster/core";
import type { ControlPlane } from "../context.ts";
import type { Authority } from "../rpc/authority.ts";
import { makeServerCertificate } from "../rpc/server-certificate.ts";
import { type Callers, createCallers } from "./callers.ts";
import type { VaultListener } from "./listen.ts";
import type { FromVault, ToVault, VaultSetup } from "./messages.ts";

/** More than all requests at once hold (see limits.ts), in MiB; beyond, the thread ends and is started again. */
const resourceLimits = { maxOldGenerationSizeMb: 256 };
/** Before a thread that has ended by itself is started again, in milliseconds. */
const pause = 1000;

/** Serves the repositories of the configuration that lie in the vault; undefined when none does. Throws `port-in-use`. */
export async function startVault(cp: ControlPlane, authority: Authority): Promise<VaultListener | undefined> {
  const { config, clock } = cp;
  const places = Object.entries(config.repositories).filter(([, { inVault }]) => inVault);
  if (places.length === 0) return undefined;
  const setup = {
    tls: { ...(await makeServerCertificate(authority, config, clock)), authority: authority.pem },
    host: config.grpc.host,
    port: config.vault.port,
    folders: Object.fromEntries(places.map(([name, { url }]) => [name, url])),
    quotas: config.vault,
  };
  const callers = createCallers(cp);
  const { port, close } = await keepThread(cp, callers, setup).catch((thrown: unknown) => {
    callers.close();
    throw thrown;
  });
  return {
    port,
    async close() {
      await close();
      callers.close();
    },
  };
}

/** Keeps a thread at work until it is closed. Throws what the first one cannot begin for. */
async function keepThread(cp: ControlPlane, callers: Callers, setup: VaultSetup): Promise<VaultListener> {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let thread = await startThread(cp, callers, setup);
  const { port } = thread;
  const again = (): void => {
    if (closed) return;
    cp.log.error("the thread of the vault has ended; it is started again");
    timer = setTimeout(() => {
      startThread(cp, callers, { ...setup, port }).then(
        (next) => {
          thread = next;
          void next.ended.then(again);
          if (closed) next.close();
        },
        (err: unknown) => {
          cp.log.error({ err }, "the vault could not be started again");
          again();
        },
      );
    }, pause);
  };
  void thread.ended.then(again);
  return {
    port,
    async close() {
      closed = true;
      clearTimeout(timer);
      thread.close();
      await thread.ended;
    },
  };
}

/** What went wrong inside is for the log, not for agents. */
function tellable({ log }: ControlPlane, thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  log.error({ err: thrown }, "the vault could not find out what a host may do");
  return new MusterError("internal", "the control plane met an error that it did not expect");
}

interface VaultThread {
  readonly port: number;
  close(): void;
  readonly ended: Promise<void>;
}

function startThread(cp: ControlPlane, callers: Callers, setup: VaultSetup): Promise<VaultThread> {
  const file = import.meta.url.endsWith(".ts") ? "worker.ts" : "muster-vault-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData: setup, resourceLimits });
  const tell = (message: ToVault): void => worker.postMessage(message);
  const { promise, resolve, reject } = Promise.withResolvers<VaultThread>();
  const ended = new Promise<void>((end) => worker.once("exit", () => end()));
  worker.on("message", (message: FromVault) => {
    switch (message.kind) {
      case "listening":
        return resolve({ port: message.port, close: () => tell({ kind: "close" }), ended });
      case "failed":
        return reject(fromErrorValue(message.error));
      case "warning":
        return cp.log.warn({ peer: message.peer, code: message.code }, message.message);
      case "ask":
        return void callers.authorize(message.peer, message.request).then(
          (permissions) => tell({ kind: "allowed", id: message.id, permissions }),
          (thrown: unknown) => tell({ kind: "refused", id: message.id, error: errorValue(tellable(cp, thrown)) }),
        );
    }
  });
  worker.on("error", (cause) => {
    cp.log.error({ err: cause }, "the thread of the vault has failed");
    reject(new MusterError("internal", "the thread of the vault has failed", { cause }));
  });
  return promise;
}
