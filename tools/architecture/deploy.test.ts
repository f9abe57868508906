import { describe, expect, it } from "vitest";
import { text } from "../workspace.ts";
import { metricNames } from "./metrics.ts";
import { parsedPackages } from "./workspace-sources.ts";

const controlPlane = parsedPackages().find(({ folder }) => folder === "apps/control-plane");
const exported = new Set(controlPlane?.sources.flatMap((source) => metricNames(source.text)));

describe("the metrics", () => {
  it.each(["deploy/prometheus/rules.yaml", "deploy/grafana/muster.json"])("that %s uses are exported", (path) => {
    const used = metricNames(text(path));
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !exported.has(name))).toEqual([]);
  });

  it("are found in any text, a histogram's series under its own name", () => {
    const found = metricNames('rate(muster_b_seconds_bucket[5m]) > muster_a_seconds + muster_a_seconds{x="muster-y"}');
    expect(found).toEqual(["muster_a_seconds", "muster_b_seconds"]);
  });
});
