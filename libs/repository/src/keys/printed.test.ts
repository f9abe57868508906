import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { fromPrinted, printed } from "./printed.ts";

it("reads back what it printed, and notices every slip of one character at any place", () => {
  for (let round = 0; round < 20; round++) {
    const bytes = randomBytes(32);
    const text = printed(bytes);
    expect(text).toHaveLength(58);
    expect(fromPrinted(text, 32, "key").equals(bytes)).toBe(true);
    for (let at = 0; at < text.length; at++) {
      const slip = text.slice(0, at) + (text[at] === "7" ? "8" : "7") + text.slice(at + 1);
      expect(() => fromPrinted(slip, 32, "key"), slip).toThrow("checksum");
    }
  }
});

it("prints known bytes in a known way", () => {
  expect(printed(Buffer.alloc(32))).toBe("0000000000000000000000000000000000000000000000000006ct3tnm");
});

it("refuses what is too short, too long or of another alphabet", () => {
  const text = printed(Buffer.alloc(32, 3));
  for (const wrong of [text.slice(1), `${text}0`, `u${text.slice(1)}`]) {
    expect(() => fromPrinted(wrong, 32, "key")).toThrow(/the key has/);
  }
});
