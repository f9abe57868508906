import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@muster/core";
import { memoryStore } from "@muster/object-store/testing";
import { initRepository, type SourceLog } from "@muster/repository";
import { afterAll, expect, test } from "vitest";
import { serveArchive } from "../archive/serve-archive.ts";
import { writeCommand } from "../commands.ts";
import { openHandover } from "../handover.ts";
import { segmentName } from "../lsn.ts";
import { servePrefetch } from "./prefetch.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-fetch-"));
afterAll(() => rm(scratch, { recursive: true }));
const logger = createLogger("test", "fatal");
const segmentSize = 2 ** 20;
const identity = "7300000000000000001";
let count = 0;

/** A segment with a true long header, and content of its own. */
function segment(number: number, filling: string, timeline = 1): Buffer {
  const bytes = Buffer.alloc(segmentSize, filling);
  bytes.writeUInt16LE(0xd110, 0);
  bytes.writeUInt16LE(2, 2);
  bytes.writeUInt32LE(timeline, 4);
  bytes.writeBigUInt64LE(BigInt(number * segmentSize), 8);
  bytes.writeUInt32LE(0, 16);
  bytes.writeBigUInt64LE(BigInt(identity), 24);
  bytes.writeUInt32LE(segmentSize, 32);
  bytes.writeUInt32LE(8192, 36);
  return bytes;
}

function nameOf(number: number, timeline = 1): string {
  return segmentName({ timeline, start: BigInt(number * segmentSize) }, segmentSize);
}

async function newLog(): Promise<SourceLog> {
  const repository = await initRepository(memoryStore(), { passphrase: "test" });
  const properties = { kind: "wal", segmentSize, pageSize: 8192 };
  return repository.domain("d").writeLog({ source: "main", identity, properties });
}

async function append(
  log: SourceLog,
  number: number,
  part: readonly [number, number] = [0, segmentSize],
  timeline = 1,
): Promise<void> {
  const at = BigInt(number * segmentSize);
  const range = { timeline, start: at + BigInt(part[0]), end: at + BigInt(part[1]) };
  await log.append(range, [segment(number, String(number % 10), timeline).subarray(...part)]);
}

/** Runs a command as PostgreSQL does; its exit status and what it said. */
function call(command: string, ...args: string[]): Promise<{ status: number; said: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 60_000 }, (error, _, said) => {
      resolve({ status: error === null ? 0 : Number(error.code), said });
    });
  });
}

async function serving(log: SourceLog) {
  const directory = join(scratch, `r${count++}`);
  const handover = await openHandover(directory);
  const command = await writeCommand(directory, "restore");
  const stop = new AbortController();
  const ended = servePrefetch({ log, listing: await log.list(), handover, logger }, stop.signal);
  const target = join(scratch, `f${count++}`);
  return {
    directory,
    handover,
    target,
    get: (name: string) => call(command, name, target),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

test("segments come whole and in turn, the tail padded with zeros, and behind it is the end", async () => {
  const log = await newLog();
  for (const number of [3, 4, 5, 6]) await append(log, number);
  await append(log, 7, [0, 1000]);
  await append(log, 7, [1000, 300_000]);
  await log.putFile("00000002.history", Buffer.from("1\t0/3000000\tx\n"));
  await using site = await serving(log);
  expect((await site.get(nameOf(2))).status).toBe(1);
  for (const number of [3, 4, 5, 6]) {
    expect((await site.get(nameOf(number))).status).toBe(0);
    expect((await readFile(site.target)).equals(segment(number, String(number)))).toBe(true);
  }
  expect((await site.get(nameOf(7))).status).toBe(0);
  const tail = await readFile(site.target);
  expect(tail.subarray(0, 300_000).equals(segment(7, "7").subarray(0, 300_000))).toBe(true);
  expect(tail.subarray(300_000).equals(Buffer.alloc(segmentSize - 300_000))).toBe(true);
  expect((await site.get(nameOf(8))).status).toBe(1);
  expect((await site.get("00000002.history")).status).toBe(0);
  expect((await site.get("00000003.history")).status).toBe(1);
});

test("a gap is trouble, not the end, also when what is behind it was fetched ahead", async () => {
  const log = await newLog();
  for (const number of [3, 4, 6]) await append(log, number);
  await append(log, 5, [0, 500]);
  await using site = await serving(log);
  expect((await site.get(nameOf(3))).status).toBe(0);
  expect((await site.get(nameOf(4))).status).toBe(0);
  const { status, said } = await site.get(nameOf(5));
  expect(status).toBeGreaterThan(125);
  expect(said).toContain("log-gap");
});

test("without its agent the command ends above 125, and archiving is not acknowledged", async () => {
  const log = await newLog();
  await append(log, 3);
  const site = await serving(log);
  await site[Symbol.asyncDispose]();
  await writeFile(join(site.directory, "pid"), "999999999\n");
  expect((await site.get(nameOf(3))).status).toBeGreaterThan(125);
  const archive = await writeCommand(site.directory, "archive");
  expect((await call(archive, "/nowhere", nameOf(3))).status).toBe(1);
});

test("a promoted standby's partial segment is used when nothing newer is there", async () => {
  const log = await newLog();
  await append(log, 3);
  await log.putFile(`${nameOf(4)}.partial`, segment(4, "p"));
  await using site = await serving(log);
  expect((await site.get(nameOf(4))).status).toBe(0);
  expect((await readFile(site.target)).equals(segment(4, "p"))).toBe(true);
});

test("archiving is acknowledged when it is durable; the same again is accepted, other content and another cluster refused", async () => {
  const log = await newLog();
  const wal = join(scratch, "wal");
  await mkdir(join(wal, "archive_status"), { recursive: true });
  for (const number of [3, 4, 5]) {
    await writeFile(join(wal, nameOf(number)), segment(number, String(number)));
    await writeFile(join(wal, "archive_status", `${nameOf(number)}.ready`), "");
  }
  const foreign = segment(6, "6");
  foreign.writeBigUInt64LE(1n, 24);
  await writeFile(join(wal, nameOf(6)), foreign);
  const handover = await openHandover(join(scratch, "archive"));
  const command = await writeCommand(handover.directory, "archive");
  const stop = new AbortController();
  const ended = serveArchive({ log, handover, logger }, stop.signal);
  const put = (number: number) => call(command, join(wal, nameOf(number)), nameOf(number));
  for (const number of [3, 4, 5]) {
    expect(await put(number)).toEqual({ status: 0, said: "" });
    expect((await log.list()).ranges.map(({ start }) => Number(start) / segmentSize)).toContain(number);
  }
  expect((await put(3)).status).toBe(0);
  await writeFile(join(wal, nameOf(4)), segment(4, "x"));
  const refused = await put(4);
  expect(refused.status).toBe(1);
  expect(refused.said).toContain("log-conflict");
  const other = await put(6);
  expect(other.status).toBe(1);
  expect(other.said).toContain("log-identity");
  expect((await stat(join(wal, nameOf(5)))).size).toBe(segmentSize);
  stop.abort();
  await ended;
});
