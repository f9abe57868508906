import { parseSize } from "@muster/core";
import type { Command } from "commander";
import { untilSignalled } from "./shared-options.ts";

interface Options {
  readonly repository: string;
  readonly key: string;
  readonly service?: string;
  readonly point?: readonly string[];
  readonly limit?: string;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** `export`, `import` and `verify`: whole points to a plain directory and back, with no control plane. */
export function addCarry(program: Command): void {
  withPoints(program.command("export"), "copy whole points into a directory: an offline copy, itself a repository")
    .requiredOption("--to <directory>", "a new or empty directory, or one that was exported to before")
    .action(async ({ to, ...options }: Options & { readonly to: string }) => carry(options.repository, to, options));
  withPoints(program.command("import"), "copy whole points from such a directory into a repository")
    .requiredOption("--from <directory>", "what export made")
    .action(async ({ from, ...options }: Options & { readonly from: string }) =>
      carry(from, options.repository, options),
    );
  withRepository(program.command("verify"), "read and check everything in a repository or an export").action(
    async ({ repository, key, service }: Options) => {
      const { verifyAll } = await import("../break-glass/carry.ts");
      await verifyAll({ repository, key, ...(service === undefined ? {} : { service }) }, untilSignalled(), print);
    },
  );
}

async function carry(from: string, to: string, { key, service, point, limit }: Options): Promise<void> {
  const { carryPoints } = await import("../break-glass/carry.ts");
  const which = { ...(service === undefined ? {} : { service }), ...(point === undefined ? {} : { point }) };
  const pace = limit === undefined ? {} : { limit: parseSize(limit) };
  await carryPoints({ from, to, key, ...which, ...pace }, untilSignalled(), print);
}

function withPoints(command: Command, description: string): Command {
  return withRepository(command, description)
    .option("--point <id...>", "only these points")
    .option("--limit <size>", "bytes per second at most, such as 20MB");
}

function withRepository(command: Command, description: string): Command {
  return command
    .description(description)
    .requiredOption("--repository <url>", "file:///…, an absolute path, or s3://bucket/prefix?region=…")
    .requiredOption("--key <file>", "a file with a passphrase or a private key; kms: the key service opens it")
    .option("--service <name>", "only points of this service");
}
