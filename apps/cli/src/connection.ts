import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import type { GlobalOptions } from "./cli.ts";
import type { Terminal } from "./terminal.ts";
import { trustAuthority } from "./trust.ts";

/** Where the control plane is, and who calls it. */
export interface Connection {
  readonly server: string;
  readonly token: string | undefined;
}

const defaultServer = "http://127.0.0.1:7400";
/** The data folder of a control plane that `muster up` starts here. */
export const localData = "muster-data";

/**
 * The server: --server, MUSTER_SERVER, the control plane whose data folder is here, or the default address. The token: --token,
 * MUSTER_TOKEN, ~/.config/muster/token, or the admin token of that data folder, which is sent to no other server than its own.
 */
export async function findConnection(options: GlobalOptions, terminal: Terminal): Promise<Connection> {
  const { environment } = terminal;
  const authority = trimmed(options.caFile ?? environment.MUSTER_CA_FILE);
  if (authority !== undefined) await trustAuthority(resolve(terminal.directory, authority));
  const local = await localEndpoints(terminal);
  const server = trimmed(options.server ?? environment.MUSTER_SERVER) ?? local?.http ?? defaultServer;
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new MusterError("usage", `"${server}" is not the address of a control plane`, {
      hint: `Write it like ${defaultServer}.`,
    });
  }
  const token =
    trimmed(options.token ?? environment.MUSTER_TOKEN) ??
    (await read(join(environment.XDG_CONFIG_HOME ?? join(environment.HOME ?? "/", ".config"), "muster", "token"))) ??
    (local !== undefined && sameServer(local.http, server) ? await read(local.adminToken) : undefined);
  return { server: server.replace(/\/+$/, ""), token };
}

export interface LocalEndpoints {
  readonly http: string;
  readonly adminToken: string;
  /** Its process; not in what older versions wrote. */
  readonly pid?: number;
}

/** What a control plane has written down in its data folder on this machine; undefined when there is none that may be read. */
export async function localEndpoints({ environment, directory }: Terminal): Promise<LocalEndpoints | undefined> {
  for (const folder of [environment.MUSTER_DATA, localData, "/var/lib/muster-control-plane"]) {
    if (folder === undefined) continue;
    const text = await read(resolve(directory, folder, "endpoints.json"));
    if (text !== undefined) return JSON.parse(text) as LocalEndpoints; // as the control plane wrote it
  }
  return undefined;
}

function sameServer(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

async function read(file: string): Promise<string | undefined> {
  try {
    return trimmed(await readFile(file, "utf8"));
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return undefined;
    throw thrown;
  }
}

function trimmed(text: string | undefined): string | undefined {
  const short = text?.trim();
  return short === "" ? undefined : short;
}
