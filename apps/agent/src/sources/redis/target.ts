import { createConnection } from "node:net";
import { join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import type { PointToRestore } from "../source.ts";
import type { Server } from "./config.ts";
import { pointLayout } from "./server-facts.ts";

/** Where a restore writes, by agent.yaml first and by the recovery point's own layout otherwise. */
export interface Target {
  readonly directory: string;
  readonly dbfilename: string;
  readonly appendOnly: boolean;
  readonly appendDirectory: string;
  readonly appendFilename: string;
  /** Redis 7 and later keep the append-only file as a directory of parts with a manifest. */
  readonly multiPart: boolean;
  /** Owner for a data directory that has to be made; null: the agent's own. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** Throws `config-invalid` when neither agent.yaml nor the point says where the server's data is. */
export function restoreTarget({ config }: Server, { facts }: PointToRestore): Target {
  const layout = pointLayout(facts);
  const directory = config.dataDirectory ?? layout.directory;
  if (directory === "") {
    throw new MusterError("config-invalid", "the Redis source has no dataDirectory to restore into", {
      hint: "Set dataDirectory in agent.yaml to the server's dir.",
    });
  }
  const { ownerUid: uid, ownerGid: gid } = facts;
  const owner = typeof uid === "number" && typeof gid === "number" ? { uid, gid } : null;
  return {
    directory,
    dbfilename: config.dbfilename ?? layout.dbfilename,
    appendOnly: config.appendOnly ?? layout.appendOnly,
    appendDirectory: layout.appendDirectory,
    appendFilename: layout.appendFilename,
    multiPart: layout.major >= 7,
    owner: config.owner ?? owner,
  };
}

export function asidePath({ directory }: Pick<Target, "directory">, id: string): string {
  return join(directory, `.muster-aside-${id}`);
}

export function stagingPath({ directory }: Pick<Target, "directory">, id: string): string {
  return join(directory, `.muster-new-${id}`);
}

/**
 * Throws `source-running` unless the server is certainly stopped: a running one would overwrite the restored file when it saves.
 * Only a refused connection proves it; silence does not.
 */
export async function requireStopped({ config }: Server): Promise<void> {
  const where = `${config.host}:${config.port}`;
  const answer = await new Promise<"open" | Error>((resolve) => {
    const socket = createConnection({ host: config.host, port: config.port, timeout: 5000 });
    const settle = (result: "open" | Error): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => settle("open"));
    socket.once("timeout", () => settle(new Error("no answer in 5 s")));
    socket.once("error", settle);
  });
  const hint = "Declare a stop action for the service, so that the server is down while its data is replaced.";
  if (answer === "open") throw new MusterError("source-running", `Redis at ${where} is running`, { hint });
  const refused = [answer, ...(answer instanceof AggregateError ? answer.errors : [])];
  if (refused.some((error) => systemErrorCode(error) === "ECONNREFUSED")) return;
  throw new MusterError("source-running", `it is not certain that Redis at ${where} is stopped: ${answer.message}`, {
    hint,
  });
}
