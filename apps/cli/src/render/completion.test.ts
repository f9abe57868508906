import { execFileSync, spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { runCli } from "../cli.ts";
import { testTerminal } from "../testing-terminal.ts";

async function script(shell: string): Promise<string> {
  const terminal = testTerminal("/");
  expect(await runCli(["completion", shell], terminal)).toBe(0);
  return terminal.output();
}

/** What bash would offer after these words. */
function offered(completion: string, words: readonly string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const run = `${completion}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _muster; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", run], { encoding: "utf8" })
    .split("\n")
    .filter((word) => word !== "");
}

it("completes commands, subcommands and options in bash", async () => {
  const bash = await script("bash");
  expect(offered(bash, ["muster", "reco"])).toEqual(["recover", "recoveries"]);
  expect(offered(bash, ["muster", "recoveries", "ro"])).toEqual(["rollback"]);
  expect(offered(bash, ["muster", "recover", "--wa"])).toEqual(["--watch", "--wait"]);
  expect(offered(bash, ["muster", "hosts", "re"])).toEqual(["revoke"]);
});

it("has scripts for zsh and fish that name every command", async () => {
  for (const text of [await script("zsh"), await script("fish")])
    for (const word of ["recoveries", "rollback", "--onto"]) expect(text).toContain(word.replace(/^--/, ""));
  if (spawnSync("zsh", ["--version"]).status === 0) execFileSync("zsh", ["-n"], { input: await script("zsh") });
});
