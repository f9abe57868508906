import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { MusterError } from "@muster/core";
import { type ApiRepositoryKey, keyAddedSchema, repositoryKeySchema, rotatedSchema } from "@muster/protocol";
import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { confirmByName } from "../confirm.ts";
import { itemsOf } from "../pages.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";
import { addRepositorySweeps } from "./repository-sweeps.ts";

interface AddOptions {
  readonly repository: string;
  readonly publicKey?: string;
  readonly kmsKey?: string;
  readonly passphraseFile?: string;
  readonly label?: string;
}

const pathOf = (repository: string): string => `/api/v1/repositories/${encodeURIComponent(repository)}/keys`;
const named = (): Option => new Option("--repository <name>", "the repository").default("main");

/** `muster repository`: who can open one (`keys`), and deletion in it. */
export function addRepository(program: Command, cli: Cli): void {
  const repository = program.command("repository").description("repositories: their keys, and deletion in them");
  addRepositorySweeps(repository, cli);
  const keys = repository.command("keys").description("the ways into a repository");

  keys
    .command("list", { isDefault: true })
    .description("list them; none is secret")
    .addOption(named())
    .action(async ({ repository: name }: { repository: string }) => {
      const { items } = await (await cli.client()).get(pathOf(name), itemsOf(repositoryKeySchema));
      cli.print(items, () => keyTable(cli, items));
    });

  keys
    .command("add")
    .description("add one beside those that there are")
    .addOption(named())
    .option("--public-key <key>", "of a pair that muster-agent keys generate made: muster-public-…")
    .option("--kms-key <arn>", "a key of AWS KMS; the control plane needs kms:GenerateDataKey for it")
    .option("--passphrase-file <file>", "a new passphrase, of at least 12 characters")
    .option("--label <text>", "for people: whose key it is")
    .action((options: AddOptions) => addKey(cli, options));

  keys
    .command("remove <id>")
    .description("take one away; never the control plane's own")
    .addOption(named())
    .option("--yes", "do not ask")
    .action(async (id: string, { repository: name, yes }: { repository: string; yes?: boolean }) => {
      if (yes !== true)
        await confirmByName(cli, `Whoever has only the key ${id} will not open ${name} any more.`, name);
      await (await cli.client()).remove(`${pathOf(name)}/${encodeURIComponent(id)}`);
      cli.print({ id, removed: true }, () => `removed ${id}`);
    });

  keys
    .command("rotate")
    .description("give the control plane a new passphrase; the master key stays")
    .addOption(named())
    .option("--keep-old", "the old one goes on to open the repository")
    .option("--yes", "do not ask")
    .action(
      async ({ repository: name, keepOld = false, yes }: { repository: string; keepOld?: boolean; yes?: boolean }) => {
        const warning = keepOld
          ? `The control plane will use a new key for ${name}.`
          : `Copies of the old key that lie elsewhere will open ${name} no more.`;
        if (yes !== true) await confirmByName(cli, warning, name);
        const rotated = await (await cli.client()).post(`${pathOf(name)}/rotate`, rotatedSchema, { keepOld });
        const old = rotated.removed ? "is removed" : `is still there: ${rotated.reason ?? ""}`;
        cli.print(rotated, () => `the control plane uses ${rotated.added} now; ${rotated.old} ${old}`);
        cli.note("Keep a copy of the new key file elsewhere, and print a new kit: muster kit");
      },
    );
}

async function addKey(cli: Cli, options: AddOptions): Promise<void> {
  const { repository, publicKey, kmsKey, passphraseFile, label } = options;
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(cli, passphraseFile);
  const body = Object.fromEntries(
    Object.entries({ publicKey, kmsKey, passphrase, label }).filter(([, value]) => value !== undefined),
  );
  const { id } = await (await cli.client()).post(pathOf(repository), keyAddedSchema, body);
  cli.print({ id }, () => `added ${id}`);
  cli.note("Try it: muster-agent keys check --repository … --key …");
}

async function readPassphrase(cli: Cli, file: string): Promise<string> {
  const path = resolve(cli.terminal.directory, file);
  return (
    await readFile(path, "utf8").catch((cause: unknown) => {
      throw new MusterError("secret-missing", `${path} cannot be read`, { cause });
    })
  ).trim();
}

function keyTable({ style }: Cli, keys: readonly ApiRepositoryKey[]): string {
  const rows = keys.map(({ id, method, whole, own, addedAt, label, holder }) => [
    ...[id, whole ? method : style.bad("damaged"), moment(addedAt)],
    ...[own ? "this control plane" : (label ?? "–"), holder ?? "–"],
  ]);
  return table(["KEY", "METHOD", "ADDED", "WHOSE", "PUBLIC KEY OR ARN"], rows, { style });
}
