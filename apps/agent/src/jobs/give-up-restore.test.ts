import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFilesSource, filesConfigSchema } from "../sources/files/index.ts";
import { memoryPoint } from "../testing/memory-point.ts";
import { requestFor, type TestContext, testContext } from "../testing/source-context.ts";
import { unfinishedRestore } from "./give-up-restore.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-give-up-"));
});
afterEach(() => rm(home, { recursive: true }));

/** A restore of files that fails as soon as a progress note is told, with what is made of the failure. */
async function broken(context: TestContext, stopAt: string, cancel: boolean) {
  const root = join(home, "data");
  const source = createFilesSource("data", filesConfigSchema.parse({ type: "files", root }), {});
  await rm(root, { recursive: true, force: true });
  await writeFile(root, "as backed up");
  const point = memoryPoint();
  const backup = await source.backup(context, point.writer);
  await writeFile(root, "as it is now");
  const controller = new AbortController();
  const failing = {
    ...context,
    signal: controller.signal,
    progress: (_done: number, _total: number, _unit: string, note: string) => {
      if (note !== stopAt) return;
      if (cancel) controller.abort();
      throw new MusterError(cancel ? "cancelled" : "disk-full", "it broke");
    },
  };
  const request = requestFor("files", backup);
  const thrown = await source.restore(failing, point.reader, request).catch((error: unknown) => error);
  const error = await unfinishedRestore(source, failing, request.asideId, thrown);
  const again = () => source.restore(context, point.reader, request).then(() => readFile(root, "utf8"));
  return { error, again, now: () => readFile(root, "utf8") };
}

it("removes what a cancelled restore had staged, says so, and lets a repeat begin anew", async () => {
  await using context = await testContext();
  const { error, again, now } = await broken(context, "staging", true);
  expect(error).toMatchObject({ code: "cancelled", details: { restore: "untouched" } });
  expect(error.message).toContain("nothing was replaced");
  expect(await readdir(home)).toEqual(["data"]);
  expect(await now()).toBe("as it is now");
  expect(await again()).toBe("as backed up");
});

it("keeps what a failed restore had staged for the next attempt, and says that nothing was replaced", async () => {
  await using context = await testContext();
  const { error, again } = await broken(context, "staging", false);
  expect(error).toMatchObject({ code: "disk-full", details: { restore: "staged" } });
  expect(await again()).toBe("as backed up");
});

it("claims nothing once data may have moved", async () => {
  await using context = await testContext();
  const { error } = await broken(context, "switching", true);
  expect(error).toMatchObject({ code: "cancelled", details: {} });
  expect(error.details).not.toHaveProperty("restore");
});
