import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@redis/client";
import pg from "pg";
import { places, type Settings } from "../settings.ts";
import { makeCertificate } from "./certificate.ts";
import type { ShopConfig } from "./server.ts";

/** Writes what the shop reads at its start: configuration, templates and certificate, all on host edge-1. */
export async function writeConfiguration(settings: Settings): Promise<void> {
  const at = places(settings);
  const config: ShopConfig = {
    port: settings.ports.shop,
    certificate: at.certificate,
    privateKey: at.privateKey,
    postgres: {
      host: "127.0.0.1",
      port: settings.ports.postgres,
      user: "postgres",
      passwordFile: at.postgresPassword,
      database: "orders",
    },
    redis: { host: "127.0.0.1", port: settings.ports.redis },
    receipts: at.receipts,
    currency: "EUR",
  };
  await makeCertificate(at);
  await writeFile(at.configFile, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o640 });
  await mkdir(join(at.configuration, "templates"), { recursive: true });
  for (const name of ["receipt", "welcome", "cancelled"]) {
    await writeFile(
      join(at.configuration, "templates", `${name}.txt`),
      `Dear customer, this is your ${name} letter.\n`.repeat(200),
    );
  }
  await setWholeSeconds(at.configuration);
  await mkdir(at.receipts, { recursive: true });
}

/** Node.js sets times to about a quarter of a microsecond, so only whole seconds can be compared to the nanosecond. */
async function setWholeSeconds(directory: string): Promise<void> {
  const released = Date.UTC(2026, 0, 1) / 1000;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), released, released);
  }
}

/** The database as the shop's makers left it: a catalogue with some weight, an empty list of orders. */
export async function seedPostgres(settings: Settings, products: number): Promise<void> {
  await query(settings, "postgres", "create database orders");
  await query(
    settings,
    "orders",
    "create table orders (number bigint primary key, item text not null, amount integer not null, receipt_sha256 text not null, placed_at timestamptz not null default now())",
  );
  await query(
    settings,
    "orders",
    "create table products (id bigint primary key, name text not null, description text not null, price integer not null)",
  );
  const fill =
    "insert into products select n, 'product ' || n, repeat(md5(n::text), 8), (n * 7919) % 10000 from generate_series(1, $1::bigint) n";
  await query(settings, "orders", fill, [products]);
}

/** Sessions of customers: keys that are there before the first order. */
export async function seedRedis(settings: Settings, sessions: number): Promise<void> {
  const client = createClient({ url: `redis://127.0.0.1:${settings.ports.redis}` });
  await client.connect();
  const batch = client.multi();
  for (let number = 0; number < sessions; number++)
    batch.set(`session:${number}`, `customer ${number} ${"x".repeat(64)}`);
  await batch.exec();
  await client.close();
}

/** Runs one statement as the shop's owner. */
export async function query(
  settings: Settings,
  database: string,
  statement: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const password = (await readFile(places(settings).postgresPassword, "utf8")).trim();
  const client = new pg.Client({
    host: "127.0.0.1",
    port: settings.ports.postgres,
    user: "postgres",
    password,
    database,
  });
  await client.connect();
  try {
    return (await client.query(statement, values)).rows;
  } finally {
    await client.end();
  }
}
