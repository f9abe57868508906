import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryPoint } from "../../testing/memory-point.ts";
import { requestFor, testContext } from "../../testing/source-context.ts";
import { commandConfigSchema, createCommandSource, streamEntry } from "./index.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-command-"));
  await writeFile(join(home, "data"), "first state");
});
afterEach(() => rm(home, { recursive: true, force: true }));

const sh = (script: string) => ["sh", "-ec", script];

function sourceOf(more: Record<string, unknown> = {}) {
  const config = {
    type: "command",
    backup: sh("cat data"),
    restore: sh("cat > data"),
    moveAside: sh('test -e "aside.$MUSTER_ASIDE_ID" || mv data "aside.$MUSTER_ASIDE_ID"'),
    rollBack: sh('mv "aside.$MUSTER_ASIDE_ID" data'),
    accept: sh('rm "aside.$MUSTER_ASIDE_ID"'),
    ...more,
  };
  const inHome = Object.entries(config).map(([key, value]) => [
    key,
    Array.isArray(value) && value[0] === "sh" ? ["sh", "-ec", `cd ${home}; ${value[2]}`] : value,
  ]);
  return createCommandSource("tool", commandConfigSchema.parse(Object.fromEntries(inHome)), { secret: "s3cret" });
}

describe("a command source", () => {
  it("restores what the tool wrote, byte for byte, and rolls back", async () => {
    await using context = await testContext();
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));
    await writeFile(join(home, "data"), content);
    const point = memoryPoint();
    const backup = await sourceOf().backup(context, point.writer);
    await writeFile(join(home, "data"), "later state");

    await sourceOf().restore(context, point.reader, requestFor("command", backup));
    expect((await readFile(join(home, "data"))).equals(content)).toBe(true);
    await sourceOf().rollBack(context, "rec_1");

    expect(await readFile(join(home, "data"), "utf8")).toBe("later state");
    expect(await readdir(home)).toEqual(["data"]);
  });

  it("fails with the tool's own words when it fails after its output", async () => {
    await using context = await testContext();
    const point = memoryPoint();
    const source = sourceOf({ backup: sh("cat data; echo 'disk on fire' >&2; exit 3") });
    await expect(source.backup(context, point.writer)).rejects.toMatchObject({
      code: "source-failed",
      message: expect.stringContaining("disk on fire"),
    });
    expect(point.content(streamEntry)).toBeUndefined();
  });

  it("takes an empty stream for an error unless told otherwise", async () => {
    await using context = await testContext();
    await expect(sourceOf({ backup: ["true"] }).backup(context, memoryPoint().writer)).rejects.toMatchObject({
      code: "source-failed",
    });
    const empty = sourceOf({ backup: ["true"], allowEmpty: true });
    expect((await empty.backup(context, memoryPoint().writer)).facts).toEqual({ bytes: 0 });
  });

  it("refuses to overwrite in place unless the operator said so", async () => {
    await using context = await testContext();
    const point = memoryPoint();
    const source = sourceOf({ moveAside: undefined });
    const backup = await source.backup(context, point.writer);
    await writeFile(join(home, "data"), "precious");
    const request = requestFor("command", backup);
    await expect(source.restore(context, point.reader, request)).rejects.toMatchObject({ code: "no-way-back" });
    expect(await readFile(join(home, "data"), "utf8")).toBe("precious");
    await sourceOf({ moveAside: undefined, irreversible: true }).restore(context, point.reader, request);
    expect(await readFile(join(home, "data"), "utf8")).toBe("first state");
  });

  it("kills the restore when the point breaks off, so that half an input never looks whole", async () => {
    await using context = await testContext();
    const point = memoryPoint();
    const source = sourceOf({ restore: sh("cat > data; touch finished") });
    const backup = await source.backup(context, point.writer);
    const broken = {
      ...point.reader,
      async *read() {
        yield Buffer.from("half");
        throw new Error("the repository broke off");
      },
    };
    await expect(source.restore(context, broken, requestFor("command", backup))).rejects.toThrow("broke off");
    expect(await readdir(home)).not.toContain("finished");
    await source.restore(context, point.reader, requestFor("command", backup));
    expect(await readFile(join(home, "data"), "utf8")).toBe("first state");
  });

  it("ends the tool and all its children at the deadline", async () => {
    await using context = await testContext();
    const source = sourceOf({ backup: sh("sleep 60 | cat"), timeout: "200ms" });
    await expect(source.backup(context, memoryPoint().writer)).rejects.toMatchObject({ code: "timeout" });
  });

  it("says which program is missing", async () => {
    await using context = await testContext();
    const source = sourceOf({ backup: ["/nowhere/tool"] });
    await expect(source.backup(context, memoryPoint().writer)).rejects.toMatchObject({
      code: "tool-missing",
      message: expect.stringContaining("/nowhere/tool"),
    });
  });

  it("hands the secret over as a variable and nothing of the agent's own environment", async () => {
    await using context = await testContext();
    process.env.MUSTER_TEST_LEAK = "leak";
    const point = memoryPoint();
    await sourceOf({ backup: ["env"] }).backup(context, point.writer);
    delete process.env.MUSTER_TEST_LEAK;
    const seen = point.content(streamEntry)?.toString();
    expect(seen).toContain("MUSTER_SECRET=s3cret");
    expect(seen).not.toContain("leak");
  });
});
