import { expect, test } from "vitest";
import { startCluster } from "./postgres-cluster.ts";
import { testedMajors } from "./postgres-programs.ts";

test("the servers that the set-up installs can be tested", () => {
  expect(testedMajors).toContain(15);
  if (process.arch === "x64") expect(testedMajors).toEqual([14, 15, 16, 17, 18]);
});

test.each(testedMajors)("a cluster of PostgreSQL %i starts with its options", async (major) => {
  await using cluster = await startCluster({ major, checksums: major % 2 === 0, walSegmentSize: 1 });
  const [row] = await cluster.query(
    `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('data_checksums') AS sums,
            current_setting('wal_segment_size') AS size`,
  );
  expect(row).toEqual({ major, sums: major % 2 === 0 ? "on" : "off", size: "1MB" });
});
