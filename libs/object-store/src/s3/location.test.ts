import { expect, test } from "vitest";
import { parseS3Location, sharedAddress } from "./location.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

test("an address says bucket, prefix and how to reach them", () => {
  expect(parseS3Location("s3://backup/muster/main/?region=eu-central-1")).toMatchObject({
    bucket: "backup",
    prefix: "muster/main/",
    region: "eu-central-1",
    pathStyle: false,
    conditionalWrites: true,
  });
  expect(parseS3Location("s3://backup?endpoint=https://s3.example.com:8333/")).toMatchObject({
    prefix: "",
    endpoint: "https://s3.example.com:8333",
    pathStyle: true,
  });
  expect(parseS3Location("s3://backup?lock=compliance:30d").lock).toEqual({
    mode: "COMPLIANCE",
    keep: 30 * 86_400_000,
  });
});

test("what the host says of its files wins over the address", () => {
  const address = "s3://backup?credentials-file=/a&ca-file=/c";
  expect(parseS3Location(address, { credentialsFile: "/b" })).toMatchObject({ credentialsFile: "/b", caFile: "/c" });
});

test("an address that is shared names no file of this host", () => {
  const address = "s3://backup/p?region=x&credentials-file=/a&profile=b&ca-file=/c";
  expect(sharedAddress(address)).toBe("s3://backup/p?region=x");
  expect(sharedAddress("/srv/backup")).toBe("/srv/backup");
});

test.each([
  "s3://",
  "s3://UPPER_case",
  "s3://backup/../other",
  "s3://backup?regoin=x",
  "s3://backup?endpoint=ftp://x",
  "s3://backup?endpoint=https://user:secret@x",
  "s3://backup?path-style=yes",
  "s3://backup?lock=forever",
  "s3://backup?conditional-writes=maybe",
])("refuses %s", (address) => {
  expect(() => parseS3Location(address)).toThrow(code("usage"));
});

test("refuses a secret in the address without repeating it", () => {
  const parse = () => parseS3Location("s3://AKIA123:hunter2@backup/p");
  expect(parse).toThrow(code("usage"));
  expect(parse).not.toThrow(/hunter2|AKIA123/);
});
