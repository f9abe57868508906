import type { Command } from "commander";
import type { AddOptions } from "../break-glass/offline-keys.ts";

const repositoryFlags = ["--repository <url>", "file:///…, an absolute path, or s3://bucket/prefix?region=…"] as const;
const keyFlags = ["--key <file>", "a file with a passphrase or a private key; kms: the key service opens it"] as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const offline = () => import("../break-glass/offline-keys.ts");

/** The keys of a repository with no control plane. Only what adds: removing takes credentials that agents do not have. */
export function addKeys(program: Command): void {
  const keys = program.command("keys").description("the keys of a repository, with no control plane");
  keys
    .command("generate")
    .description("make a private key for a safe; prints the public key, which anybody may know")
    .requiredOption("--out <file>", "a new file for the private key")
    .action(async ({ out }: { out: string }) => print(await (await offline()).generateKey(out)));
  keys
    .command("list")
    .description("list the keys; none is needed for it")
    .requiredOption(...repositoryFlags)
    .action(async ({ repository }: { repository: string }) => {
      for (const line of await (await offline()).describeKeys(repository)) print(line);
    });
  keys
    .command("check")
    .description("say which of the repository's keys this one is")
    .requiredOption(...repositoryFlags)
    .requiredOption(...keyFlags)
    .action(async (options: { repository: string; key: string }) => {
      print(await (await offline()).checkKey(options.repository, options.key));
    });
  keys
    .command("add")
    .description("add a key beside those that there are")
    .requiredOption(...repositoryFlags)
    .requiredOption(...keyFlags)
    .option("--public-key <key>", "of a pair: muster-public-…")
    .option("--passphrase-file <file>", "a new passphrase")
    .option("--kms-key <arn>", "a key of AWS KMS")
    .option("--label <text>", "for people: whose key it is")
    .action(async (options: AddOptions) => {
      print(await (await offline()).addOfflineKey(options));
    });
}
