import { expect, it } from "vitest";
import { parseRoute, recoveryPath } from "./route.ts";

it.each([
  ["", { page: "overview" }],
  ["#/", { page: "overview" }],
  ["#/recoveries", { page: "recoveries" }],
  ["#/hosts", { page: "hosts" }],
  ["#/start", { page: "start", scenario: undefined }],
  ["#/start?scenario=all%20lost", { page: "start", scenario: "all lost" }],
  ["#/hosts/db-1", { page: "lost" }],
  ["#/nowhere", { page: "lost" }],
  ["#/recoveries/%E0", { page: "recovery", id: "%E0" }],
])("%s leads to %j", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

it("leads back from a recovery's path, whatever its id holds", () => {
  expect(parseRoute(recoveryPath("rec_1/a?b"))).toEqual({ page: "recovery", id: "rec_1/a?b" });
});
