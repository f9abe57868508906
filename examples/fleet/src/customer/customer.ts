import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { places, type Settings } from "../settings.ts";

/** What a customer was told: these orders exist. */
export interface Receipt {
  readonly number: number;
  readonly item: string;
  readonly amount: number;
  readonly sha256: string;
  /** When the shop's answer came, ms since the epoch. */
  readonly at: number;
}

export interface Customer {
  /** Every order that the shop confirmed, in order. It is the judge of what a recovery brought back, and is not on any host. */
  readonly ledger: readonly Receipt[];
  /** Orders that the shop took while the customer waited in vain: they may or may not exist. */
  readonly unanswered: ReadonlySet<number>;
  stop(): Promise<void>;
}

/** Somebody who orders one thing after another, and keeps every receipt. */
export function startCustomer(settings: Settings, pauseMs = 15): Customer {
  const ledger: Receipt[] = [];
  const unanswered = new Set<number>();
  let going = true;
  const work = (async () => {
    for (let number = 1; going; number++) {
      const order = {
        number,
        item: `item ${createHash("sha1").update(String(number)).digest("hex")}`,
        amount: (number * 37) % 500,
      };
      try {
        const { receipt } = JSON.parse(await post(settings, JSON.stringify(order)));
        ledger.push({ ...order, sha256: createHash("sha256").update(receipt).digest("hex"), at: Date.now() });
      } catch {
        unanswered.add(number);
        await delay(200);
      }
      await delay(pauseMs);
    }
  })();
  return {
    ledger,
    unanswered,
    stop: () => {
      going = false;
      return work;
    },
  };
}

function post(settings: Settings, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: settings.ports.shop,
        path: "/orders",
        method: "POST",
        ca: readCertificate(settings),
        servername: "localhost",
        timeout: 3000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("the shop does not answer")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

let pinned: Buffer | undefined;

/** The customer knows the shop's certificate from before the disaster: a restored one must be the same. */
function readCertificate(settings: Settings): Buffer {
  pinned ??= readFileSync(places(settings).certificate);
  return pinned;
}
