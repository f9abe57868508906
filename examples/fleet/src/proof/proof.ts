import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@redis/client";
import type { Customer, Receipt } from "../customer/customer.ts";
import { places, type Settings } from "../settings.ts";
import { query } from "../shop/set-up.ts";
import { differences, fingerprintTree } from "./fingerprint.ts";

/** What was known before the disaster, recorded apart from the fleet. */
export interface Expected {
  /** Orders confirmed before the backup began must be there; only orders confirmed before it ended can be. */
  readonly confirmedBefore: number;
  readonly products: string;
  readonly sessions: number;
  readonly configuration: ReadonlyMap<string, string>;
}

export interface Verdict {
  readonly what: string;
  /** What was compared, in numbers. */
  readonly compared: string;
  readonly problems: readonly string[];
  /** The last order that came back, where orders are concerned. */
  readonly lastOrder?: number;
}

/** The catalogue's checksum: every row, every column, in order. */
export async function productsChecksum(settings: Settings): Promise<string> {
  const [row] = await query(
    settings,
    "orders",
    "select md5(string_agg(p::text, chr(10) order by id)) as sum, count(*) as count from products p",
  );
  return `${row?.count} rows, md5 ${row?.sum}`;
}

/** Compares every row, key and file with what was known at the recovery point. */
export async function prove(settings: Settings, expected: Expected, customer: Customer): Promise<Verdict[]> {
  return [
    await proveOrders(settings, expected, customer),
    await proveProducts(settings, expected),
    await proveKeys(settings, expected, customer),
    await proveReceipts(settings, expected, customer),
    await proveConfiguration(settings, expected),
  ];
}

async function proveOrders(settings: Settings, expected: Expected, customer: Customer): Promise<Verdict> {
  const rows = await query(
    settings,
    "orders",
    "select number::int, item, amount, receipt_sha256 as sha256 from orders order by number",
  );
  const found = new Map(rows.map((row) => [Number(row.number), `${row.item}|${row.amount}|${row.sha256}`]));
  const problems = compareOrders(
    found,
    expected,
    customer,
    ({ item, amount, sha256 }) => `${item}|${amount}|${sha256}`,
  );
  return {
    what: "PostgreSQL, orders",
    compared: `${rows.length} rows`,
    problems,
    lastOrder: Math.max(0, ...found.keys()),
  };
}

async function proveProducts(settings: Settings, expected: Expected): Promise<Verdict> {
  const found = await productsChecksum(settings);
  const problems = found === expected.products ? [] : [`expected ${expected.products}, found ${found}`];
  return { what: "PostgreSQL, products", compared: found, problems };
}

async function proveKeys(settings: Settings, expected: Expected, customer: Customer): Promise<Verdict> {
  const client = createClient({ url: `redis://127.0.0.1:${settings.ports.redis}` });
  await client.connect();
  try {
    const found = new Map<number, string>();
    const problems: string[] = [];
    let sessions = 0;
    for await (const keys of client.scanIterator({ COUNT: 1000 })) {
      const values = keys.length === 0 ? [] : await client.mGet(keys);
      for (const [index, key] of keys.entries()) {
        const [kind, number = ""] = key.split(":");
        const value = values[index] ?? "";
        if (kind === "order") found.set(Number(number), value);
        else if (value === `customer ${number} ${"x".repeat(64)}`) sessions += 1;
        else problems.push(`key ${key} differs`);
      }
    }
    if (sessions !== expected.sessions) problems.push(`expected ${expected.sessions} sessions, found ${sessions}`);
    problems.push(...compareOrders(found, expected, customer, ({ item, amount }) => `${item}:${amount}`));
    return {
      what: "Redis",
      compared: `${found.size + sessions} keys`,
      problems,
      lastOrder: Math.max(0, ...found.keys()),
    };
  } finally {
    await client.close();
  }
}

async function proveReceipts(settings: Settings, expected: Expected, customer: Customer): Promise<Verdict> {
  const directory = places(settings).receipts;
  const names = (await readdir(directory)).filter((name) => name.endsWith(".json"));
  const found = new Map<number, string>();
  for (const name of names)
    found.set(
      Number.parseInt(name, 10),
      createHash("sha256")
        .update(await readFile(join(directory, name)))
        .digest("hex"),
    );
  const problems = compareOrders(found, expected, customer, ({ sha256 }) => sha256, { gaps: true });
  return { what: "Receipts", compared: `${names.length} files`, problems, lastOrder: Math.max(0, ...found.keys()) };
}

async function proveConfiguration(settings: Settings, expected: Expected): Promise<Verdict> {
  const found = await fingerprintTree(places(settings).configuration);
  return {
    what: "Configuration and certificates",
    compared: `${found.size} entries`,
    problems: differences(expected.configuration, found),
  };
}

/**
 * Every order that came back must be one that the customer has a receipt for, unaltered, and all up to the backup's beginning
 * must be there. A snapshot has no gaps; a walk over files, while new ones appear, may have some after its beginning.
 */
function compareOrders(
  found: ReadonlyMap<number, string>,
  expected: Expected,
  customer: Customer,
  print: (receipt: Receipt) => string,
  { gaps = false } = {},
): string[] {
  const receipts = new Map(customer.ledger.map((receipt) => [receipt.number, receipt]));
  const problems: string[] = [];
  for (const [number, value] of found) {
    const receipt = receipts.get(number);
    if (receipt === undefined && !customer.unanswered.has(number)) problems.push(`order ${number} was never placed`);
    if (receipt !== undefined && print(receipt) !== value) problems.push(`order ${number} differs from its receipt`);
  }
  const last = gaps ? expected.confirmedBefore : Math.max(expected.confirmedBefore, ...found.keys());
  for (let number = 1; number <= last; number++) {
    if (!found.has(number) && receipts.has(number)) problems.push(`order ${number} is missing`);
  }
  return problems.slice(0, 10);
}
