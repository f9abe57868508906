import { asMusterError, createLogger, errorRegistry, systemClock } from "@muster/core";
import { Command, CommanderError, Option } from "commander";
import { resetAdminToken } from "./access/reset-admin.ts";
import { loadConfig, type Overrides } from "./config-file.ts";
import { addRestore } from "./own-backups/command.ts";
import { startControlPlane } from "./start.ts";
import { version } from "./version.ts";

/** Signals that ask for a clean stop. A second one ends the process at once. */
const stopSignals = ["SIGTERM", "SIGINT"] as const;

/** Runs `muster-control-plane` with these arguments; sets the exit status. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(argv);
  } catch (thrown) {
    process.exitCode = reportFailure(thrown);
  }
}

function program(): Command {
  const command = new Command("muster-control-plane")
    .description("Muster's control plane")
    .version(version)
    .exitOverride();
  const run = command.command("run", { isDefault: true }).description("run until SIGTERM or SIGINT").action(serve);
  addOptions(run, placeOptions);
  addOptions(run, listenOptions);
  run.addOption(new Option("--repository <name=url...>", "a repository, such as main=file:///srv/backup"));
  addRestore(command);
  const token = command.command("token").description("the admin's way in, for whoever may read the data folder");
  const reset = token
    .command("reset")
    .description("make a new admin token; the lost one is revoked")
    .action(resetToken);
  addOptions(reset, placeOptions);
  return command;
}

type Flags = readonly (readonly [flags: string, variable: string, description: string])[];

const placeOptions: Flags = [
  ["--config <file>", "MUSTER_CONFIG", "control-plane.yaml; flags and environment win over it"],
  ["--data <directory>", "MUSTER_DATA", "folder for everything that is its own"],
  ["--database <url>", "DATABASE_URL", "postgres://…; without it an embedded database in the data folder"],
];

const listenOptions: Flags = [
  ["--http-host <address>", "MUSTER_HTTP_HOST", "address for REST and the status page (127.0.0.1)"],
  ["--http-port <port>", "MUSTER_HTTP_PORT", "its port (7400; 0: any)"],
  ["--agent-host <address>", "MUSTER_AGENT_HOST", "address for agents (127.0.0.1)"],
  ["--session-port <port>", "MUSTER_SESSION_PORT", "port of their sessions (7443)"],
  ["--enrol-port <port>", "MUSTER_ENROL_PORT", "port of their enrolment (7444)"],
  ["--advertise <name>", "MUSTER_ADVERTISE", "name or address under which agents reach it"],
];

function addOptions(command: Command, options: Flags): void {
  for (const [flags, variable, description] of options) command.addOption(new Option(flags, description).env(variable));
}

async function resetToken(options: Overrides): Promise<void> {
  const path = await resetAdminToken(await loadConfig(options), systemClock);
  process.stdout.write(`a new admin token is in ${path}; the one before it is revoked\n`);
}

async function serve(options: Overrides): Promise<void> {
  const log = createLogger("muster-control-plane", process.env.MUSTER_LOG ?? "info");
  const running = await startControlPlane(await loadConfig(options), { clock: systemClock, log });
  const stopped = stopSignal();
  process.stdout.write(`${JSON.stringify({ event: "ready", ...running.endpoints })}\n`);
  log.info(running.endpoints, "ready");
  log.info({ signal: await stopped }, "stopping");
  await running.stop();
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of stopSignals) process.once(signal, () => resolve(signal));
  });
}

/** Says what went wrong and what to do; the exit status is 2 for wrong input, otherwise 1. */
function reportFailure(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2; // commander has said it
  const error = asMusterError(thrown);
  process.stderr.write(`muster-control-plane: ${error.message}\n  ${error.hint} (${error.code})\n`);
  return errorRegistry[error.code].kind === "invalid" ? 2 : 1;
}
