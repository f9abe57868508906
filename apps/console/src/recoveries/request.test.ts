import { recoveryRequestSchema } from "@muster/protocol";
import { expect, it } from "vitest";
import { requestOf } from "./request.ts";

it.each([
  ["", "latest"],
  ["2026-03-02T14:30", "2026-03-02T14:30:00Z"],
  ["2026-03-02T14:30:15", "2026-03-02T14:30:15Z"],
])("asks for the moment %j as %s, as the API understands it", (moment, target) => {
  const request = requestOf({ scenario: "defaced", moment, reason: "  " });
  expect(request).toEqual({ scenario: "defaced", target });
  expect(recoveryRequestSchema.parse(request)).toMatchObject({ scenario: "defaced", target, mode: "real" });
});

it("sends the reason that was given", () => {
  expect(requestOf({ scenario: "a", moment: "", reason: " lost " })).toMatchObject({ reason: "lost" });
});
