import { createLogger, systemClock } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { memoryStore } from "@muster/object-store/testing";
import { initRepository } from "@muster/repository";
import { expect, test } from "vitest";
import { startCluster, testedMajors } from "../../../../testing/index.ts";
import { parseLsn, segmentStart } from "../lsn.ts";
import { type FoundRecord, walScanner } from "../records/scanner.ts";
import { clusterOf } from "../testing/protected-server.ts";
import { keepStreaming } from "./keep-streaming.ts";
import { statusBoard } from "./status-board.ts";

const megabyte = 2 ** 20;

/** Segments of another size than usual, so that none is assumed. */
const sizes = new Map([
  [14, 4],
  [16, 64],
  [17, 1],
]);

test.each(testedMajors)(
  "PostgreSQL %i is streamed, and every commit in its log is found",
  { timeout: 180_000 },
  async (major) => {
    const walSegmentSize = sizes.get(major);
    await using server = await startCluster({
      major,
      ...(walSegmentSize === undefined ? {} : { walSegmentSize }),
      settings: { track_commit_timestamp: "on" },
    });
    const domain = (await initRepository(memoryStore(), { passphrase: "test" })).domain("orders");
    const board = statusBoard(systemClock);
    const stop = new AbortController();
    const logger = createLogger("wal", "fatal");
    const options = { cluster: clusterOf(server), domain, source: "main", slot: "muster", flushEvery: 50 };
    const ended = keepStreaming({ ...options, board, clock: systemClock, logger }, stop.signal);
    try {
      await waitFor("streaming", () => board.state === "streaming", { timeout: 60_000 });
      await server.query("CREATE TABLE t (n int, filler text)");
      for (let n = 0; n < 12; n++)
        await server.query(`INSERT INTO t SELECT ${n}, repeat('x', 900) FROM generate_series(1, 300)`);
      await server.query("SELECT pg_create_restore_point('here')");
      await server.query("CREATE TABLE flushed ()"); // a restore point alone is not flushed
      const [row] = await server.query("SELECT pg_current_wal_flush_lsn()::text AS lsn");
      const flushed = parseLsn(String(row?.lsn));
      await waitFor("WAL to be durable", () => parseLsn(board.read().durable ?? "0/0") >= flushed, { timeout: 60_000 });

      const [identity = ""] = await domain.logIdentities("main");
      const log = await domain.readLog("main", identity);
      expect(log.properties).toMatchObject({ segmentSize: (walSegmentSize ?? 16) * megabyte });
      const listing = await log.list();
      const start = listing.ranges[0]?.start ?? 0n;
      expect(start).toBe(segmentStart(start, (walSegmentSize ?? 16) * megabyte));
      const found: FoundRecord[] = [];
      const scanned = { start, segmentSize: (walSegmentSize ?? 16) * megabyte, pageSize: 8192 };
      const scanner = walScanner(scanned, (record) => found.push(record));
      for await (const piece of log.read({ timeline: 1, start, end: flushed }, listing)) scanner.feed(piece);
      const rows = await server.query("SELECT DISTINCT xmin::text::bigint AS xid FROM t ORDER BY 1");
      const commits = found.flatMap(({ record }) => (record.kind === "commit" ? [record.xid] : []));
      expect(rows).toHaveLength(12);
      expect(commits).toEqual(expect.arrayContaining(rows.map(({ xid }) => Number(xid))));
      expect(found.flatMap(({ record }) => (record.kind === "restore-point" ? [record.name] : []))).toEqual(["here"]);
    } finally {
      stop.abort();
      await ended;
    }
  },
);
