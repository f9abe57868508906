import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { create, RepositoryGrantSchema, toBinary } from "@muster/protocol/grpc";
import type { DomainGrant } from "@muster/repository";
import { entryFile } from "../entry-file.ts";
import { postgresConfigSchema } from "../sources/postgres/config.ts";
import type { WalRequest } from "../sources/postgres/wal/process/messages.ts";

/** The process that protects a server's WAL, as an agent starts it. */
export interface WalProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Protects the WAL of a server that lets `user` in without a password. `extra` are fields of agent.yaml. */
export function startWalProcess(
  folder: string,
  server: { readonly host: string; readonly port: number; readonly user: string; readonly dataDirectory: string },
  repository: { readonly url: string; readonly grant: DomainGrant },
  extra: Record<string, unknown>,
): WalProcess {
  const { host, port, user, dataDirectory } = server;
  const basic = { type: "postgres", method: "physical", host, port, user, dataDirectory };
  const { repositoryId, domain, key: domainKey } = repository.grant;
  const grant = create(RepositoryGrantSchema, {
    repository: "main",
    url: repository.url,
    repositoryId,
    domain,
    domainKey,
  });
  const request: WalRequest = {
    grant: Buffer.from(toBinary(RepositoryGrantSchema, grant)).toString("base64"),
    name: "main",
    config: postgresConfigSchema.parse({ ...basic, ...extra }),
    secrets: {},
    repositories: {},
    identityFile: join(folder, "identity.json"),
    stateDirectory: join(folder, "state"),
  };
  const child: ChildProcess = fork(
    entryFile(import.meta.url, "sources/postgres/wal/process/entry.ts", "muster-agent-wal.js"),
    [],
    { execArgv: ["--disable-warning=ExperimentalWarning"], serialization: "advanced" },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.send(request);
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
