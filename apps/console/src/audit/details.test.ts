import { expect, it } from "vitest";
import { detailsText } from "./details.ts";

it("puts a record's details on one line", () => {
  expect(detailsText({ host: "db-1", services: ["a", "b"], plan: { version: 2 }, force: null })).toBe(
    'host=db-1, services=a b, plan={"version":2}, force=null',
  );
  expect(detailsText({})).toBe("");
});
