import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { localData } from "../connection.ts";
import { type ReadyLine, startControlPlane } from "../control-plane-process.ts";

interface UpOptions {
  readonly config?: string;
  readonly data?: string;
  readonly httpPort?: string;
  readonly sessionPort?: string;
  readonly enrolPort?: string;
  readonly detach?: boolean;
}

/** `muster up`: the control plane on this machine, as a child process. */
export function addUp(program: Command, cli: Cli): void {
  program
    .command("up")
    .description("start the control plane on this machine")
    .option("--config <file>", "its configuration; default: control-plane.yaml, when it is here")
    .option("--data <folder>", `its data folder; default without a configuration: ${localData}`)
    .option("--http-port <port>", "port of the API and the status page (7400; 0: any)")
    .option("--session-port <port>", "port of the agents' sessions (7443; 0: any)")
    .option("--enrol-port <port>", "port of the agents' enrolment (7444; 0: any)")
    .option("--detach", "leave it running in the background")
    .action(async (options: UpOptions) => {
      const running = await startControlPlane(
        cli,
        argumentsOf(options, cli.terminal.directory),
        options.detach === true,
      );
      cli.print({ ...running.ready, pid: running.pid }, () => readyText(running.ready));
      if (options.detach === true) {
        cli.note(`\nIt runs in the background (process ${running.pid}); its log: ${running.log}`);
        cli.note(`Stop it with: kill ${running.pid}`);
        return;
      }
      cli.note("\nCtrl-C stops it.");
      if ((await running.ended) !== 0) cli.end("failed");
    });
}

function argumentsOf({ config, data, ...ports }: UpOptions, folder: string): string[] {
  const here = join(folder, "control-plane.yaml");
  const file = config ?? (existsSync(here) ? here : undefined);
  const place = data ?? (file === undefined ? join(folder, localData) : undefined);
  const given = {
    "--config": file,
    "--data": place,
    "--http-port": ports.httpPort,
    "--session-port": ports.sessionPort,
    "--enrol-port": ports.enrolPort,
  };
  return ["run", ...Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]))];
}

function readyText({ http, enrol, session, adminToken }: ReadyLine): string {
  return [
    "The control plane is ready.",
    `  API and status page  ${http}`,
    `  agents enrol at      ${enrol}`,
    `  agents' sessions     ${session}`,
    `  admin's token        ${adminToken}`,
  ].join("\n");
}
