import { existsSync } from "node:fs";
import { join } from "node:path";
import { asMusterError, deadline } from "@muster/core";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { type LocalEndpoints, localData, localEndpoints } from "../connection.ts";
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
      const args = argumentsOf(options, cli.terminal.directory);
      const running = await startControlPlane(cli, args, options.detach === true).catch(async (thrown: unknown) => {
        const there = options.detach === true ? await runningHere(cli, thrown) : undefined;
        if (there === undefined) throw thrown;
        cli.print(there, () => `The control plane runs already at ${there.http} (process ${there.pid ?? "unknown"}).`);
      });
      if (running === undefined) return;
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

/** The control plane that has the data folder of this place, when that is why another one did not start and it answers. */
async function runningHere(cli: Cli, thrown: unknown): Promise<LocalEndpoints | undefined> {
  if (asMusterError(thrown).code !== "data-in-use") return undefined;
  const there = await localEndpoints(cli.terminal);
  if (there === undefined) return undefined;
  const answer = await fetch(`${there.http}/healthz`, { signal: deadline(answerTime, cli.signal) }).catch(
    () => undefined,
  );
  return answer?.ok === true ? there : undefined;
}

/** How long a control plane that runs may take to answer, in milliseconds. */
const answerTime = 5000;

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
