import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { treeSync } from "./durable.ts";

const folder = await mkdtemp(join(tmpdir(), "muster-sync-"));
afterAll(() => rm(folder, { recursive: true }));

const noPaths = async function* (): AsyncGenerator<Buffer> {};
const code = (expected: string) => expect.objectContaining({ code: expected });
const much = 2 ** 40;

test("a sync that failed on the way is told at the end, with the directory", async () => {
  const gone = join(folder, "gone");
  const sync = treeSync(gone, noPaths, undefined);
  sync.wrote(much);
  await sync.settled();
  await expect(sync.finish()).rejects.toEqual(code("source-failed"));
  await expect(sync.finish()).rejects.toThrow(gone);
});

test("a restore that is cancelled while it syncs is cancelled, not failed", async () => {
  const giveUp = new AbortController();
  const sync = treeSync(folder, noPaths, giveUp.signal);
  giveUp.abort();
  sync.wrote(much);
  await expect(sync.finish()).rejects.toEqual(code("cancelled"));
});

test("where the tool is missing, every path is synced", async () => {
  const path = process.env.PATH;
  process.env.PATH = folder; // which has no `sync`
  try {
    const synced: string[] = [];
    const each = async function* (): AsyncGenerator<Buffer> {
      synced.push(folder);
      yield Buffer.from(folder);
    };
    const sync = treeSync(folder, each, undefined);
    sync.wrote(much);
    await sync.finish();
    expect(synced).toEqual([folder]);
  } finally {
    process.env.PATH = path;
  }
});
