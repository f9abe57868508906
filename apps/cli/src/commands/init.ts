import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { localData } from "../connection.ts";
import { firstConfig, firstPlan } from "./first-files.ts";

/** `muster init`: the first two files, to be edited. */
export function addInit(program: Command, cli: Cli): void {
  program
    .command("init")
    .description("write control-plane.yaml and a first plan into this folder")
    .option("--force", "overwrite files that are there")
    .action(async ({ force = false }: { force?: boolean }) => {
      const files = { "control-plane.yaml": firstConfig(localData), "plan.yaml": firstPlan };
      for (const [name, text] of Object.entries(files))
        await write(join(cli.terminal.directory, name), name, text, force);
      cli.print({ files: Object.keys(files) }, () =>
        Object.keys(files)
          .map((name) => `wrote ${name}`)
          .join("\n"),
      );
      cli.note(nextSteps);
    });
}

const nextSteps = `
Next:
  muster up --detach                 start the control plane on this machine
  muster token create --host db-1    let a host in: the token for muster-agent enroll --token-file -
  muster plan check plan.yaml        after you have put your services into it
  muster plan apply plan.yaml`;

async function write(path: string, name: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? "w" : "wx" });
  } catch (cause) {
    if (systemErrorCode(cause) !== "EEXIST") throw cause;
    throw new MusterError("conflict", `${name} is here already`, { cause, hint: "Overwrite it with --force." });
  }
}
