import { MusterError } from "@muster/core";
import { type Command, Option } from "commander";
import type { BreakGlassOptions } from "../break-glass/break-glass.ts";
import { untilSignalled } from "./shared-options.ts";

type RestoreOptions = Omit<BreakGlassOptions, "key"> & { readonly key?: string; readonly keyFile?: string };

export function addRestore(program: Command): void {
  program
    .command("restore")
    .description("break glass: list, verify and restore with no control plane, from a repository and its key")
    .requiredOption("--repository <url>", "file:///…, an absolute path, or s3://bucket/prefix?region=…")
    .option("--key <file>", "a file with a passphrase or a private key; kms: the key service opens it")
    .addOption(new Option("--key-file <file>", "the same").hideHelp())
    .option("--service <name>", "the service whose points are wanted; without it all services are listed")
    .option("--source <name>", "one source of the service")
    .option("--point <id>", "a recovery point, or latest", "latest")
    .option("--list", "only list the points")
    .option("--verify", "only check the points: everything is read")
    .option("--into <directory>", "write the point's entries to a new or empty directory")
    .option("--path <entry>", "only this file or directory of the point, as it stands below --into otherwise")
    .option("--onto <target>", "postgres://USER@HOST:PORT, redis:///DATA/DIRECTORY?port=6379, or an agent.yaml")
    .option("--as <name>", "the source in that agent.yaml, when it has another name there")
    .option("--password-file <file>", "of the server that --onto names")
    .option("--allow-new-target", "the target may hold other data than the point came from; it is moved aside")
    .option(
      "--state <directory>",
      "notes on what was moved aside, when --onto is no agent.yaml",
      "muster-restore-state",
    )
    .option("--accept", "drop what the restore of this point onto the target has moved aside")
    .option("--roll-back", "put back what the restore of this point onto the target has moved aside")
    .action(async ({ key, keyFile, ...options }: RestoreOptions) => {
      const reference = key ?? keyFile;
      if (reference === undefined) throw new MusterError("usage", "name the key with --key");
      const { breakGlass } = await import("../break-glass/break-glass.ts");
      await breakGlass({ ...options, key: reference }, untilSignalled(), (line) => process.stdout.write(`${line}\n`));
    });
}
