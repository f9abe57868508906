import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { createClient } from "@redis/client";
import pg from "pg";

/**
 * The shop: a small HTTPS application that needs its configuration, its certificate, PostgreSQL and Redis.
 * `POST /orders` stores an order in all three places; `GET /health` says whether both servers answer.
 */
export interface ShopConfig {
  readonly port: number;
  readonly certificate: string;
  readonly privateKey: string;
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly passwordFile: string;
    readonly database: string;
  };
  readonly redis: { readonly host: string; readonly port: number };
  readonly receipts: string;
  readonly currency: string;
}

const [configFile = ""] = process.argv.slice(2);
// A broken configuration must stop the start, so nothing is checked twice here: JSON.parse and the servers complain.
const config = JSON.parse(readFileSync(configFile, "utf8")) as ShopConfig;

const { passwordFile, ...postgres } = config.postgres;
const pool = new pg.Pool({
  ...postgres,
  password: readFileSync(passwordFile, "utf8").trim(),
  max: 4,
  connectionTimeoutMillis: 2000,
});
pool.on("error", () => undefined); // the next query makes a new connection, or fails and says so
const redis = createClient({ socket: { ...config.redis, reconnectStrategy: 200 }, disableOfflineQueue: true });
redis.on("error", () => undefined); // /health tells
void redis.connect().catch(() => undefined);

const server = createServer(
  { cert: readFileSync(config.certificate), key: readFileSync(config.privateKey) },
  (request, response) => {
    answer(request).then(
      (body) => send(response, 200, body),
      (error: unknown) => send(response, 503, { error: error instanceof Error ? error.message : String(error) }),
    );
  },
);
server.listen(config.port, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));

async function answer(request: IncomingMessage): Promise<unknown> {
  if (request.method === "GET" && request.url === "/health") return health();
  if (request.method === "POST" && request.url === "/orders") return placeOrder(JSON.parse(await body(request)));
  throw new Error(`no such page: ${request.method} ${request.url}`);
}

async function health(): Promise<{ status: string; orders: number }> {
  const [{ rows }] = await Promise.all([pool.query("select count(*)::int as count from orders"), redis.ping()]);
  return { status: "ok", orders: rows[0].count };
}

/** The order counts once all three have it; the customer hears of it only then. */
async function placeOrder(order: { number: number; item: string; amount: number }): Promise<{ receipt: string }> {
  const receipt = `${JSON.stringify({ ...order, currency: config.currency, id: randomUUID() })}\n`;
  const digest = createHash("sha256").update(receipt).digest("hex");
  await pool.query("insert into orders (number, item, amount, receipt_sha256) values ($1, $2, $3, $4)", [
    order.number,
    order.item,
    order.amount,
    digest,
  ]);
  await redis.set(`order:${order.number}`, `${order.item}:${order.amount}`);
  await writeDurably(join(config.receipts, `${String(order.number).padStart(8, "0")}.json`), receipt);
  return { receipt };
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.part`, "wx");
  await file.writeFile(text);
  await file.close();
  await rename(`${path}.part`, path);
}

async function body(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
