import { expect, it } from "vitest";
import { detailsText } from "./details.ts";

it("puts a record's details on one line", () => {
  expect(detailsText({ host: "db-1", services: ["a", "b"], plan: { version: 2 }, force: null })).toBe(
    'host=db-1, services=a b, plan={"version":2}, force=null',
  );
  expect(detailsText({})).toBe("");
});

it("shortens hashes, which nobody reads to their end", () => {
  expect(detailsText({ hash: "0123456789abcdef".repeat(4), name: "deadbeef" })).toBe(
    "hash=0123456789ab…, name=deadbeef",
  );
});
