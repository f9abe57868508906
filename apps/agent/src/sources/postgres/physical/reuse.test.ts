import type { PointSummary } from "@muster/repository";
import { expect, test } from "vitest";
import { reuseOf } from "./reuse.ts";

const day = 24 * 3600 * 1000;
const now = { systemIdentifier: "7", timeline: 1, at: 100 * day };

function previous(facts: Record<string, unknown> = {}, changes: Partial<PointSummary> = {}): PointSummary {
  const all = {
    method: "physical",
    version: "15.1",
    major: 15,
    systemIdentifier: "7",
    timeline: 1,
    startLsn: "0/1",
    stopLsn: "0/2",
    walSegmentSize: 2 ** 24,
    checksums: true,
    tablespaces: [],
    pagesDamaged: [{ path: "base/5/1", pages: [1] }],
    fullReadAt: 99 * day,
    ...facts,
  };
  const times = { startedAt: 99 * day, takenAt: 99 * day, finishedAt: 99 * day };
  const point = {
    id: "p",
    source: "db",
    domain: "d",
    kind: "postgres",
    host: "h",
    logicalBytes: 1,
    storedBytes: 1,
    entries: 1,
  };
  return { ...point, ...times, facts: all, ...changes } as PointSummary; // whole but for the facts' type
}

test("8: unchanged files are taken from the point before, but not those with damaged pages", () => {
  const reuse = reuseOf(previous(), now);
  expect(reuse.of("base/5/2")).toBe(true);
  expect(reuse.of("base/5/1")).toBe(false);
  expect(reuse.fullReadAt).toBe(99 * day);
});

test.each([
  ["there is none", undefined],
  ["it is of another cluster", previous({ systemIdentifier: "8" })],
  ["it is of another timeline, after a failover or a restore", previous({ timeline: 2 })],
  ["it is a logical dump", previous({ method: "logical" })],
  ["it began later than now", previous({}, { startedAt: 101 * day })],
  ["it ended later than now", previous({}, { finishedAt: 101 * day })],
  ["all files were last read more than a week ago", previous({ fullReadAt: 92 * day })],
])("8: every file is read when %s", (_, before) => {
  const reuse = reuseOf(before, now);
  expect(reuse.of("base/5/2")).toBe(false);
  expect(reuse.fullReadAt).toBe(now.at);
});
