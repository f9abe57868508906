import { join } from "node:path";
import type { Folder } from "./folder.ts";
import { freePorts } from "./ports.ts";

/** Where everything of the fleet is: written once as JSON, read by the hosts' own scripts. */
export interface Settings {
  readonly folder: string;
  readonly ports: {
    readonly http: number;
    readonly session: number;
    readonly enrol: number;
    readonly postgres: number;
    readonly redis: number;
    readonly shop: number;
  };
}

export type Host = "db-1" | "cache-1" | "edge-1" | "app-1";
export const hosts: readonly Host[] = ["db-1", "cache-1", "edge-1", "app-1"];

export async function makeSettings(folder: Folder): Promise<Settings> {
  const [http = 0, session = 0, enrol = 0, postgres = 0, redis = 0, shop = 0] = await freePorts(6);
  return { folder: folder.path, ports: { http, session, enrol, postgres, redis, shop } };
}

/** The folder that stands for a host's disk. */
export function hostFolder(settings: Settings, host: Host): string {
  return join(settings.folder, "hosts", host);
}

/** Places on the hosts, by name. */
export function places(settings: Settings) {
  const at = (host: Host, ...parts: string[]): string => join(hostFolder(settings, host), ...parts);
  return {
    postgresData: at("db-1", "postgres"),
    postgresPassword: at("db-1", "postgres.password"),
    redisData: at("cache-1", "redis"),
    configuration: at("edge-1", "shop-config"),
    configFile: at("edge-1", "shop-config", "shop.json"),
    certificate: at("edge-1", "shop-config", "tls", "shop.crt"),
    privateKey: at("edge-1", "shop-config", "tls", "shop.key"),
    receipts: at("app-1", "receipts"),
    shopPid: at("app-1", "shop.pid"),
    shopLog: join(settings.folder, "logs", "shop.log"),
  };
}
