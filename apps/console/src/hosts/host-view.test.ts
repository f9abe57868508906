import { expect, it } from "vitest";
import { at } from "../testing/samples.ts";
import { clockView, probesText, tightestDisk } from "./host-view.ts";

it.each([
  [undefined, "quiet", "not measured"],
  [0.4, "good", "in step"],
  [-350, "good", "350ms behind"],
  [2000, "warn", "2s ahead"],
])("shows a clock's offset of %s ms", (offset, tone, text) => {
  expect(clockView(offset)).toEqual({ tone, text });
});

it("shows the disk with the least room for its size", () => {
  const disk = (path: string, sizeBytes: number, freeBytes: number) => ({ path, sizeBytes, freeBytes });
  const disks = [disk("/", 100e9, 50e9), disk("/data", 1000e9, 100e9), disk("/proc", 0, 0)];
  const load = { load1: 0, memoryAvailableBytes: 0, agentRssBytes: 0, disks, at: at(0) };
  expect(tightestDisk(load)).toBe("100 GB free of 1.00 TB");
  expect(tightestDisk({ ...load, disks: [] })).toBeUndefined();
});

it("counts probes, the failing ones first", () => {
  const probe = (state: "passing" | "failing") => ({ name: state, type: "http", target: "", state });
  expect(probesText([probe("passing"), probe("failing"), probe("passing")])).toBe("1 failing, 2 passing");
  expect(probesText([])).toBe("none");
});
