import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { kitSchema } from "@muster/protocol";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { confirmByName } from "../confirm.ts";
import { kitHtml } from "../render/kit/html.ts";
import { kitDocument } from "../render/kit/kit.ts";
import { kitText } from "../render/kit/text.ts";

interface KitOptions {
  readonly out?: string;
  readonly withSecrets?: boolean;
  readonly yes?: boolean;
}

/** `muster kit`: what is needed on the worst day, on paper. */
export function addKit(program: Command, cli: Cli): void {
  program
    .command("kit")
    .description("print the recovery kit: where everything is, and the worst day step by step")
    .option("--out <file>", "a new file: .html, made for printing, or .txt; without it text to the terminal")
    .option("--with-secrets", "with the keys themselves (admin): such a paper opens everything")
    .option("--yes", "do not ask")
    .action((options: KitOptions) => makeKit(cli, options));
}

async function makeKit(cli: Cli, { out, withSecrets = false, yes }: KitOptions): Promise<void> {
  if (out !== undefined && !/\.(html|txt)$/.test(out)) {
    throw new MusterError("usage", `--out ${out}: the file must end in .html or .txt`);
  }
  if (withSecrets && yes !== true) {
    await confirmByName(
      cli,
      "The kit will hold the keys of every repository in the clear. Whoever reads it can read all data.",
      "secrets",
    );
  }
  const query = withSecrets ? { secrets: true } : {};
  const kit = await (await cli.client()).get("/api/v1/kit", kitSchema, query);
  const document = kitDocument(kit);
  if (out === undefined) {
    cli.print(kit, () => kitText(document));
  } else {
    await writeNew(resolve(cli.terminal.directory, out), out.endsWith(".html") ? kitHtml(document) : kitText(document));
    cli.print({ file: out }, () => `wrote ${out}`);
  }
  if (withSecrets) cli.note("It holds secrets: print it, put it into a safe, and remove the file.");
}

/** Only its owner can read it, with secrets or without. */
async function writeNew(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    if (systemErrorCode(cause) !== "EEXIST") throw cause;
    throw new MusterError("conflict", `${path} is there already`, { cause, hint: "Name another file." });
  }
}
