import { basename } from "node:path";
import { MusterError } from "@muster/core";
import type { Facts, Json } from "../source.ts";
import type { RedisConfig } from "./config.ts";
import type { Connection } from "./connection.ts";

/** Reads `INFO` into its fields. */
export async function info(connection: Connection, ...sections: string[]): Promise<Map<string, string>> {
  const text = String(await connection.call("INFO", ...sections));
  return new Map(
    text.split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
}

/** How the server lays out its data directory. */
export interface Layout {
  readonly directory: string;
  readonly dbfilename: string;
  readonly appendOnly: boolean;
  readonly appendDirectory: string;
  readonly appendFilename: string;
  readonly major: number;
}

/** Milliseconds of the server's clock. */
export async function serverTime(connection: Connection): Promise<number> {
  const answer = await connection.call("TIME");
  if (!Array.isArray(answer)) throw new MusterError("source-failed", "Redis gave no answer to TIME");
  return Number(answer[0]) * 1000 + Math.floor(Number(answer[1]) / 1000);
}

/** Asks the server; where CONFIG is forbidden (managed servers) agent.yaml and Redis' defaults stand in. */
export async function readLayout(connection: Connection, config: RedisConfig): Promise<Layout> {
  const asked = await readConfig(connection);
  const version = (await info(connection, "server")).get("redis_version") ?? "";
  const pick = (name: string, otherwise: string): string => asked.get(name) || otherwise;
  return {
    directory: config.dataDirectory ?? pick("dir", ""),
    dbfilename: basename(config.dbfilename ?? pick("dbfilename", "dump.rdb")),
    appendOnly: config.appendOnly ?? pick("appendonly", "no") === "yes",
    appendDirectory: basename(pick("appenddirname", "appendonlydir")),
    appendFilename: basename(pick("appendfilename", "appendonly.aof")),
    major: Number.parseInt(version, 10) || 0,
  };
}

async function readConfig(connection: Connection): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of ["dir", "dbfilename", "appendonly", "appenddirname", "appendfilename"]) {
    try {
      const answer = await connection.call("CONFIG", "GET", name);
      if (Array.isArray(answer) && answer.length === 2) found.set(name, String(answer[1]));
    } catch (error) {
      if (!/unknown command|NOPERM/i.test(error instanceof Error ? error.message : "")) throw error;
    }
  }
  return found;
}

/** Facts for the inventory and for the recovery point. */
export async function readFacts(connection: Connection): Promise<Facts> {
  const fields = await info(connection, "everything");
  const keys = [...fields].flatMap(([name, value]): [string, Json][] => {
    const count = /^keys=(\d+)/.exec(value)?.[1];
    return /^db\d+$/.test(name) && count !== undefined ? [[name, Number(count)]] : [];
  });
  return {
    version: fields.get("redis_version") ?? "",
    valkeyVersion: fields.get("valkey_version") ?? null,
    role: fields.get("role") ?? "",
    memoryBytes: Number(fields.get("used_memory") ?? 0),
    keys: Object.fromEntries(keys),
  };
}

/** The layout that a recovery point was taken from; undefined fields get Redis' defaults. */
export function pointLayout(facts: Facts): Layout {
  const text = (name: string, otherwise: string): string => {
    const value = facts[name];
    return typeof value === "string" && value !== "" ? value : otherwise;
  };
  return {
    directory: text("directory", ""),
    dbfilename: basename(text("dbfilename", "dump.rdb")),
    appendOnly: facts.appendOnly === true,
    appendDirectory: basename(text("appendDirectory", "appendonlydir")),
    appendFilename: basename(text("appendFilename", "appendonly.aof")),
    major: Number.parseInt(text("version", "7"), 10),
  };
}
