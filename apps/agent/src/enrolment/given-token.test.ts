import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { givenToken, type TokenOptions } from "./given-token.ts";

let folder: string;
let notes: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-token-"));
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function given(options: TokenOptions, env: NodeJS.ProcessEnv = {}, stdin: string[] = []): Promise<string> {
  return givenToken(options, { env, stdin: Readable.from(stdin), note: (line) => notes.push(line) });
}

it("takes the first line of standard input", async () => {
  expect(await given({ tokenFile: "-" }, {}, ["muster1.a", "bc\r\nanother line\n"])).toBe("muster1.abc");
  expect(notes).toEqual([]);
});

it("takes a file without the newline at its end", async () => {
  const file = join(folder, "token");
  writeFileSync(file, "muster1.abc\n");
  expect(await given({ tokenFile: file }, { MUSTER_ENROLMENT_TOKEN: "muster1.other" })).toBe("muster1.abc");
});

it("takes the variable when no option is given", async () => {
  expect(await given({}, { MUSTER_ENROLMENT_TOKEN: "muster1.abc\n" })).toBe("muster1.abc");
});

it("takes it from the command line with a warning that does not repeat it", async () => {
  expect(await given({ token: "muster1.abc" })).toBe("muster1.abc");
  expect(notes.join()).toContain("--token-file -");
  expect(notes.join()).not.toContain("muster1.abc");
});

it("refuses two options at once, and none at all", async () => {
  await expect(given({ token: "a", tokenFile: "-" })).rejects.toMatchObject({ code: "usage" });
  await expect(given({})).rejects.toMatchObject({ code: "usage", hint: expect.stringContaining("--token-file -") });
});

it("says which place holds no token", async () => {
  const empty = join(folder, "empty");
  writeFileSync(empty, "\n");
  for (const tokenFile of ["-", empty, join(folder, "missing")])
    await expect(given({ tokenFile }), tokenFile).rejects.toMatchObject({ code: "secret-missing" });
});
