import { MusterError } from "@muster/core";
import { describe, expect, it } from "vitest";
import { parseTarget } from "./target-time.ts";

const now = Date.UTC(2026, 2, 2, 12);

describe("--to", () => {
  it.each([
    ["latest", "latest"],
    ["2h ago", "2026-03-02T10:00:00.000Z"],
    ["1h30m ago", "2026-03-02T10:30:00.000Z"],
    ["2026-03-02T12:30:00+01:00", "2026-03-02T11:30:00.000Z"],
    ["2026-03-02 11:30Z", "2026-03-02T11:30:00.000Z"],
    ["2026-03-02 11:30:15.5 +0000", "2026-03-02T11:30:15.500Z"],
  ])("takes %s", (text, expected) => expect(parseTarget(text, now)).toBe(expected));

  it.each([
    ["2026-03-02T11:30:00", "usage", "does not say its offset"],
    ["yesterday", "usage", "is not a time"],
    ["2026-02-31T99:00:00Z", "usage", "is not a time that exists"],
    ["soon ago", "usage", "is not a duration"],
    ["2026-03-02T12:00:01Z", "target-in-future", "lies in the future"],
  ])("refuses %s", (text, code, words) => {
    const thrown = (() => {
      try {
        return parseTarget(text, now);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(MusterError);
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(words) });
  });
});
