import type { Command } from "commander";
import { untilSignalled } from "./shared-options.ts";

interface RestoreOptions {
  readonly repository: string;
  readonly keyFile: string;
  readonly service?: string;
  readonly path?: string;
  readonly verify?: boolean;
  readonly source?: string;
  readonly point: string;
  readonly into?: string;
  readonly list?: boolean;
}

export function addRestore(program: Command): void {
  program
    .command("restore")
    .description("break glass: list or write out recovery points with no control plane, from a repository and its key")
    .requiredOption("--repository <url>", "file:///…, an absolute path, or s3://bucket/prefix?region=…")
    .requiredOption("--key-file <file>", "the file with the repository's passphrase")
    .option("--service <name>", "the service whose points are wanted; without it all services are listed")
    .option("--source <name>", "one source of the service")
    .option("--point <id>", "a recovery point, or latest", "latest")
    .option("--into <directory>", "a new or empty directory for the entries")
    .option("--path <entry>", "only this file or directory of the point, as it stands below --into otherwise")
    .option("--list", "only list the points")
    .option("--verify", "only check the points: everything is read")
    .action(async (options: RestoreOptions) => {
      const { breakGlass } = await import("../break-glass/break-glass.ts");
      await breakGlass(options, untilSignalled(), (line) => process.stdout.write(`${line}\n`));
    });
}
