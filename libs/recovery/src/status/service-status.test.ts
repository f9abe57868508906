import { describe, expect, it } from "vitest";
import { fleetIndicator, type ServiceHealth, serviceStatus } from "./service-status.ts";

type ProbeState = ServiceHealth["probes"][number]["state"];
const health = (states: ProbeState[], more: Partial<ServiceHealth> = {}): ServiceHealth => ({
  probes: states.map((state) => ({ state })),
  hostOnline: true,
  recovering: false,
  ...more,
});

describe("the status of a service", () => {
  it.each([
    ["all probes pass", health(["passing", "passing"]), "operational"],
    ["it has no probe, and its host answers", health([]), "operational"],
    ["some probes fail", health(["passing", "failing"]), "partial_outage"],
    ["all probes fail", health(["failing", "failing"]), "major_outage"],
    ["a probe has not answered yet", health(["passing", "starting"]), "degraded_performance"],
    ["a probe's answer is not known", health(["unknown"]), "degraded_performance"],
    ["its host is silent", health(["passing"], { hostOnline: false }), "degraded_performance"],
    ["a recovery works on it", health(["passing"], { recovering: true }), "partial_outage"],
    ["a recovery works on it, and nothing answers", health(["failing"], { recovering: true }), "major_outage"],
    ["work on it was announced", health(["failing"], { maintenance: true }), "under_maintenance"],
  ])("when %s", (_, facts, expected) => {
    expect(serviceStatus(facts)).toBe(expected);
  });
});

describe("the line at the top of the page", () => {
  it.each([
    [["operational", "operational"], "none"],
    [[], "none"],
    [["operational", "under_maintenance"], "minor"],
    [["operational", "degraded_performance"], "minor"],
    [["operational", "partial_outage"], "major"],
    [["operational", "major_outage"], "major"],
    [["major_outage", "major_outage"], "critical"],
  ] as const)("for %j is %s", (states, indicator) => {
    expect(fleetIndicator(states).indicator).toBe(indicator);
  });

  it("claims nothing where there is nothing yet", () => {
    expect(fleetIndicator([]).description).toBe("No Services Set Up Yet");
  });
});
