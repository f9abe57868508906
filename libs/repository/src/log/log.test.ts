import { MusterError } from "@muster/core";
import { type DeletableStore, withRetry } from "@muster/object-store";
import { type Fault, faultyStore, memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import {
  compactRange,
  coveredUntil,
  type Domain,
  gaps,
  initRepository,
  openDomain,
  supersededRanges,
} from "../index.ts";
import { passphrase, seededRandom } from "../testing/index.ts";
import type { LogRange, SourceLog } from "./types.ts";

const random = seededRandom(77);
const content = random.bytes(5 * 2 ** 20);
const properties = { segmentSize: 16_777_216 };
const about = { source: "main", identity: "7300000000000000001", properties };

async function domainIn(store: DeletableStore): Promise<Domain> {
  return (await initRepository(store, { passphrase })).domain("orders");
}

function range(start: number, end: number, timeline = 1): LogRange {
  return { timeline, start: BigInt(start), end: BigInt(end) };
}

function part({ start, end }: LogRange): Buffer[] {
  return [content.subarray(Number(start), Number(end))];
}

async function readAll(log: SourceLog, of: LogRange): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of log.read(of, await log.list())) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (thrown: unknown) => (thrown instanceof MusterError ? thrown.code : String(thrown)),
  );
}

test("ranges are listed in order with their gaps, and read across their borders", async () => {
  const log = await (await domainIn(memoryStore())).writeLog(about);
  for (const one of [range(2_000_000, 5_000_000), range(0, 100), range(100, 1_500_000), range(7, 9, 2)]) {
    await log.append(one, part(one), { last: Number(one.end) });
  }
  const { ranges } = await log.list();
  expect(ranges.map(({ timeline, start, end }) => [timeline, Number(start), Number(end)])).toEqual([
    [1, 0, 100],
    [1, 100, 1_500_000],
    [1, 2_000_000, 5_000_000],
    [2, 7, 9],
  ]);
  expect(gaps(ranges, 1)).toEqual([{ start: 1_500_000n, end: 2_000_000n }]);
  expect(coveredUntil(ranges, 1, 50n)).toBe(1_500_000n);
  expect((await readAll(log, range(50, 1_400_000))).equals(content.subarray(50, 1_400_000))).toBe(true);
  expect(await codeOf(readAll(log, range(50, 1_600_000)))).toBe("log-gap");
  const [, second] = ranges;
  expect(second && (await log.facts(second))).toEqual({ last: 1_500_000 });
});

test("the same range is accepted with the same content and refused with other", async () => {
  const log = await (await domainIn(memoryStore())).writeLog(about);
  const one = range(0, 3_000_000);
  expect(await log.append(one, part(one))).toBeGreaterThan(0);
  expect(await log.append(one, [content.subarray(0, 1000), content.subarray(1000, 3_000_000)])).toBe(0);
  const changed = Buffer.from(content.subarray(0, 3_000_000));
  changed.writeUInt8(changed.readUInt8(2_999_999) ^ 1, 2_999_999);
  expect(await codeOf(log.append(one, [changed]))).toBe("log-conflict");
  await log.putFile("00000002.history", Buffer.from("1\t0/3000000\tno recovery target\n"));
  await log.putFile("00000002.history", Buffer.from("1\t0/3000000\tno recovery target\n"));
  expect(await codeOf(log.putFile("00000002.history", Buffer.from("another")))).toBe("log-conflict");
  expect((await log.list()).files).toEqual(["00000002.history"]);
});

test("another cluster, or one that has changed, is refused on write and on read", async () => {
  const domain = await domainIn(memoryStore());
  await domain.writeLog(about);
  const other = { ...about, identity: "7300000000000000002" };
  expect(await codeOf(domain.writeLog(other))).toBe("log-identity");
  expect(await codeOf(domain.readLog("main", other.identity))).toBe("log-identity");
  expect(await codeOf(domain.writeLog({ ...about, properties: { segmentSize: 1_048_576 } }))).toBe("log-identity");
  await domain.writeLog(other, { allowNewIdentity: true });
  expect(await domain.logIdentities("main")).toEqual([about.identity, other.identity]);
});

test("small ranges are compacted into one, which takes over when they are gone or damaged", async () => {
  const store = memoryStore();
  const log = await (await domainIn(store)).writeLog(about);
  const cuts = [0, 10, 900_000, 1_048_577, 4_000_000];
  const small = cuts.slice(1).map((end, index) => range(cuts[index] ?? 0, end));
  for (const one of small) await log.append(one, part(one), { end: Number(one.end) });
  const whole = range(0, 4_000_000);
  const merge = (parts: readonly object[]) => ({ parts: parts.length });
  await compactRange(log, whole, (await log.list()).ranges, merge);
  expect(await compactRange(log, whole, (await log.list()).ranges, merge)).toBe(0);
  const { ranges } = await log.list();
  const superseded = supersededRanges(ranges);
  expect(superseded.map(({ end }) => Number(end))).toEqual([10, 900_000, 1_048_577, 4_000_000]);

  const key = [...store.objects.keys()].find(
    (name) => name.endsWith("-00000000003D0900") && name.includes("0000000000000000-"),
  );
  const sealed = store.objects.get(key ?? "");
  sealed?.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
  expect((await readAll(log, whole)).equals(content.subarray(0, 4_000_000))).toBe(true);
  for (const name of [...store.objects.keys()]) if (/-0{10}.*(0A|DBBA0|100001)$/.test(name)) store.objects.delete(name);
  expect(await codeOf(readAll(log, whole))).toBe("repository-corrupt");
});

const faults: [string, Fault][] = [
  ["refused", { kind: "fail" }],
  ["done, but unanswered", { kind: "fail-after" }],
  ["cut short", { kind: "truncate" }],
  ["done twice", { kind: "repeat" }],
];

test.each(faults)("a call that is %s loses nothing that was acknowledged, and adds nothing wrong", async (_, fault) => {
  const objects = memoryStore();
  const grant = (await initRepository(objects, { passphrase })).grant("orders");
  const pieces = [range(0, 100_000), range(100_000, 700_000), range(700_000, 700_001)];
  for (let hit = 0; hit < 14; hit++) {
    const store = memoryStore(new Map(objects.objects));
    const broken = faultyStore(store, (call) => (call === hit ? fault : undefined));
    const acknowledged: LogRange[] = [];
    const work = async (): Promise<void> => {
      const log = await (
        await openDomain(withRetry(broken, { attempts: 3, backoff: { initial: 1, max: 2 } }), grant)
      ).writeLog(about);
      for (const one of pieces) {
        await log.append(one, part(one));
        acknowledged.push(one);
      }
    };
    await work().catch(() => undefined);
    if (acknowledged.length === 0) continue;
    const log = await (await openDomain(store, grant)).readLog("main", about.identity);
    for (const one of acknowledged) expect((await readAll(log, one)).equals(Buffer.concat(part(one)))).toBe(true);
  }
});
