import { Command } from "commander";
import type { Cli } from "./cli.ts";
import { addAgents } from "./commands/agents.ts";
import { addAudit } from "./commands/audit.ts";
import { addBackup } from "./commands/backup.ts";
import { addBackups } from "./commands/backups.ts";
import { addCatalog } from "./commands/catalog.ts";
import { addCompletion } from "./commands/completion.ts";
import { addHeal } from "./commands/heal.ts";
import { addInit } from "./commands/init.ts";
import { addKit } from "./commands/kit.ts";
import { addPlan } from "./commands/plan.ts";
import { addPoints } from "./commands/points.ts";
import { addRecover } from "./commands/recover.ts";
import { addRecoveries } from "./commands/recoveries.ts";
import { addRepository } from "./commands/repository-keys.ts";
import { addRetention } from "./commands/retention.ts";
import { addStatus } from "./commands/status.ts";
import { addToken } from "./commands/token.ts";
import { addUp } from "./commands/up.ts";
import { addVerify } from "./commands/verify.ts";
import { version } from "./version.ts";

/** In the order in which they are needed; the help lists them so. */
const commands: readonly ((program: Command, cli: Cli) => void)[] = [
  addInit,
  addUp,
  addToken,
  addAgents,
  addPlan,
  addBackup,
  addBackups,
  addPoints,
  addStatus,
  addRecover,
  addRecoveries,
  addVerify,
  addHeal,
  addRetention,
  addRepository,
  addCatalog,
  addKit,
  addAudit,
  addCompletion,
];

const exitHelp = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 findings, 4 objective missed, 5 approval pending, 6 partial, 124 timeout, 130 interrupted.
Connection: --server or MUSTER_SERVER (http://127.0.0.1:7400), --token or MUSTER_TOKEN or ~/.config/muster/token; a control plane
whose data folder is ./muster-data, or MUSTER_DATA, is found by itself.`;

/** The whole command tree. */
export function createProgram(
  cli: Cli,
  output: { readonly writeOut: (text: string) => void; readonly writeErr: (text: string) => void },
): Command {
  const program = new Command("muster")
    .description("Brings a company's services back after a disaster.")
    .version(version)
    .option("--server <url>", "address of the control plane")
    .option("--token <token>", "API token; better in MUSTER_TOKEN, where no list of processes shows it")
    .option("--ca-file <file>", "trust this certificate authority (PEM) as well; or MUSTER_CA_FILE")
    .option("--json", "data as JSON")
    .option("--no-input", "never ask; what needs a confirmation then needs --yes")
    .addHelpText("after", exitHelp)
    .showHelpAfterError("(see --help)")
    .exitOverride()
    .configureOutput(output);
  program.configureHelp({ showGlobalOptions: false });
  for (const add of commands) add(program, cli);
  return program;
}
