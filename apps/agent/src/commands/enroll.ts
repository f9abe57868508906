import { existsSync } from "node:fs";
import { systemClock } from "@muster/core";
import type { Command } from "commander";
import { defaultDataDirectory } from "../data/directory.ts";
import { givenToken, tokenVariable } from "../enrolment/given-token.ts";
import { withConfigOption } from "./shared-options.ts";

interface EnrollOptions {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly server?: string;
  readonly data?: string;
  readonly config: string;
  readonly force: boolean;
}

export function addEnroll(program: Command): void {
  withConfigOption(program.command("enroll"))
    .description("exchange a one-time token for this host's certificate")
    .addHelpText("after", `\nWithout either option the token is taken from ${tokenVariable}.`)
    .option("--token-file <file>", "the token of muster token create --host NAME; - reads standard input")
    .option("-t, --token <token>", "the token itself; other users of this machine can see it")
    .option("-s, --server <host:port>", "another address of the control plane than the token has")
    .option("-d, --data <directory>", "where the agent keeps its key and journal (default: data in agent.yaml)")
    .option("--force", "replace an enrolment that is live", false)
    .action(async (options: EnrollOptions) => {
      const { server, force } = options;
      const { env, stdin } = process;
      const token = await givenToken(options, { env, stdin, note: (line) => process.stderr.write(`${line}\n`) });
      const data = options.data ?? (await configuredData(options.config));
      const { enrol } = await import("../enrolment/enrol.ts");
      const identity = await enrol({ token, server, data, force, clock: systemClock });
      process.stdout.write(`enrolled as ${identity.host}; the key and certificate are in ${data}\n`);
      process.stdout.write(`next: muster-agent run --config ${options.config}\n`);
    });
}

/** A host may be enrolled before its agent.yaml is written. */
async function configuredData(file: string): Promise<string> {
  return existsSync(file) ? (await import("../config/load.ts")).loadConfig(file).config.data : defaultDataDirectory;
}
