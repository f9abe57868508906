import { expect, it } from "vitest";
import { startedDrive } from "../testing/drive.ts";
import { planOf, recoveryOf, runOf } from "../testing/shop.ts";
import { supersededTargets } from "./superseded.ts";

const finished = (more: Parameters<typeof recoveryOf>[1] = {}) => {
  const driven = startedDrive(runOf(recoveryOf(planOf(), more)));
  driven.finish();
  return driven;
};

it("names what a newer recovery has restored as well", () => {
  const newer = finished({ selection: { services: ["db"] } });
  expect(supersededTargets(finished().run, newer.run)).toEqual(["db-1/orders", "db-1/settings"]);
});

it("names nothing that only one of them restored, nor on another host", () => {
  const db = finished({ selection: { services: ["db"] } });
  expect(supersededTargets(db.run, finished({ selection: { services: ["shop"] } }).run)).toEqual([]);
  expect(
    supersededTargets(finished({ onto: { "db-1": "cache-1" }, selection: { services: ["db"] } }).run, db.run),
  ).toEqual([]);
});

it("names nothing of a newer recovery that has not restored yet, or that was rolled back", () => {
  expect(supersededTargets(finished().run, startedDrive().run)).toEqual([]);
  const newer = finished();
  newer.send({ type: "rollBack" });
  newer.finish();
  expect(newer.run.aside).toBe("rolled_back");
  expect(supersededTargets(finished().run, newer.run)).toEqual([]);
});
