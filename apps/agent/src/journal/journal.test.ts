import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "@muster/core/testing";
import { type Command, CommandFinishedSchema, CommandSchema, create, OfflinePointSchema } from "@muster/protocol/grpc";
import { afterEach, beforeEach, expect, it } from "vitest";
import { failure } from "../work/failure.ts";
import { openJournal } from "./journal.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-journal-"));
  path = join(folder, "journal.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (compactAt?: number) => openJournal(path, manualClock(), compactAt);

function backup(commandId: string, epoch = 1n): Command {
  const repository = { url: "file:///r", domainKey: "c2VjcmV0LWRvbWFpbi1rZXk" };
  const work = { case: "backup" as const, value: { service: "s", source: "db", repository } };
  return create(CommandSchema, { commandId, attempt: 1, target: "source/db", epoch, work });
}

function finished(commandId: string) {
  return create(CommandFinishedSchema, { commandId, attempt: 1, outcome: failure("source-failed", "it broke") });
}

it("gives back results and epochs after it was opened anew", async () => {
  const journal = await open();
  await journal.received(backup("a", 2n ** 60n));
  await journal.started(backup("a"));
  await journal.finished(finished("a"));
  await journal.close();
  const again = await open();
  expect(again.result("a", 1)?.outcome).toMatchObject({ case: "failure", value: { message: "it broke" } });
  expect(again.highestEpoch("source/db")).toBe(2n ** 60n);
  await again.stored("a", 1);
  expect(again.unconfirmed()).toEqual([]);
  expect(again.result("a", 1)).toBeDefined(); // a late duplicate is still answered
  await again.close();
});

it("cuts off a line that a crash tore, and keeps all before it", async () => {
  const journal = await open();
  await journal.received(backup("a"));
  await journal.started(backup("a"));
  await journal.close();
  appendFileSync(path, '{"t":"finished","id":"a","att');
  const again = await open();
  expect(again.unconfirmed()).toMatchObject([{ commandId: "a", outcome: { value: { code: "command-interrupted" } } }]);
  await again.close();
  expect(readFileSync(path, "utf8").endsWith("\n")).toBe(true);
});

it("refuses a journal that is damaged before its end", async () => {
  writeFileSync(path, '{"t":"epoch","target":"x","epoch":"3"}\nrubbish\n{"t":"epoch","target":"x","epoch":"4"}\n');
  await expect(open()).rejects.toThrow(`${path}:2: this line of the journal is damaged`);
});

it("never holds the key of a domain", async () => {
  const journal = await open();
  await journal.received(backup("a"));
  await journal.started(backup("a"));
  await journal.close();
  expect(readFileSync(path, "utf8")).not.toContain("c2VjcmV0LWRvbWFpbi1rZXk");
});

it("stays small over thousands of commands, and keeps what is not confirmed", async () => {
  const journal = await open(20_000);
  await journal.received(backup("kept"));
  await journal.started(backup("kept"));
  await journal.finished(finished("kept"));
  for (let index = 0; index < 3000; index++) {
    await journal.received(backup(`c${index}`, BigInt(index)));
    await journal.finished(finished(`c${index}`));
    await journal.stored(`c${index}`, 1);
  }
  await journal.close();
  expect(statSync(path).size).toBeLessThan(1_000_000);
  const again = await open();
  expect(again.unconfirmed().map(({ commandId }) => commandId)).toEqual(["kept"]);
  expect(again.highestEpoch("source/db")).toBe(2999n);
  expect(again.find("c0", 1)).toBeUndefined();
  await again.close();
});

it("keeps points that were taken offline until they are stored", async () => {
  const journal = await open();
  await journal.offlineTaken(create(OfflinePointSchema, { offlineId: "o1", service: "s", source: "db" }));
  await journal.close();
  const again = await open();
  expect(again.offlinePoints()).toMatchObject([{ offlineId: "o1", source: "db" }]);
  await again.offlineStored("o1");
  expect(again.offlinePoints()).toEqual([]);
  await again.close();
});
