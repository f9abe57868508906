import { expect, test } from "vitest";
import { copyInto } from "./copy.ts";

test.each([
  ["shared memory", () => Buffer.from(new SharedArrayBuffer(16))],
  ["a buffer of its own", () => Buffer.alloc(16)],
])("copies exactly the bytes into %s", (_, make) => {
  const buffer = make();
  copyInto(buffer, 3, Buffer.from([1, 2, 3]));
  copyInto(buffer, 6, new Uint8Array([9]));
  copyInto(buffer, 16, new Uint8Array());
  expect([...buffer]).toEqual([0, 0, 0, 1, 2, 3, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(() => copyInto(buffer, 15, Buffer.from([1, 2]))).toThrow(RangeError);
});
