import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readSealed, writeSealed } from "./sealed-file.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-sealed-"));
const path = join(folder, "schedule.sealed");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("gives back what was sealed to who has the secret only", async () => {
  expect(readSealed(path, "secret")).toBeUndefined();
  await writeSealed(path, Buffer.from("a domain key"), "secret");
  expect(Buffer.from(readSealed(path, "secret") ?? []).toString()).toBe("a domain key");
  expect(readFileSync(path).includes("a domain key")).toBe(false);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => readSealed(path, "another")).toThrow();
});

it("refuses what was altered", async () => {
  await writeSealed(path, Buffer.from("a domain key"), "secret");
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  writeFileSync(path, bytes);
  expect(() => readSealed(path, "secret")).toThrow();
});
