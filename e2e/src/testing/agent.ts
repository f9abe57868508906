import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launchers, type Program, type ProgramOptions, startProgram } from "./program.ts";

/** One host of the fleet: a folder that stands for its disk, and its agent. */
export interface Host {
  readonly name: string;
  readonly folder: string;
  readonly configFile: string;
  readonly program: () => Program;
  kill(signal: NodeJS.Signals): Promise<void>;
  start(): void;
  /** Replaces agent.yaml; the next start reads it. */
  configure(yaml: AgentYaml): Promise<void>;
}

/** What agent.yaml says, without `data`, which is the fleet's matter. */
export type AgentYaml = Readonly<Record<string, unknown>>;

/** Writes agent.yaml, enrols with the token and starts the agent. */
export async function enrolHost(folder: string, name: string, yaml: AgentYaml, token: string): Promise<Host> {
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, "agent.yaml");
  const configure = (content: AgentYaml): Promise<void> =>
    writeFile(configFile, JSON.stringify({ data: join(folder, "agent"), ...content }, undefined, 2)); // JSON is YAML
  await configure(yaml);
  const options: ProgramOptions = { directory: folder, environment: { MUSTER_LOG: "info" } };
  const tokenFile = join(folder, "enrolment.token");
  await writeFile(tokenFile, token, { mode: 0o600 });
  const enroll = [launchers.agent, "enroll", "--token-file", tokenFile, "--config", configFile];
  const enrolment = startProgram(`enrol-${name}`, enroll, options);
  if ((await enrolment.ended()) !== 0) throw new Error(`${name} could not enrol:\n${enrolment.output()}`);
  const launch = (): Program =>
    startProgram(`agent-${name}`, [launchers.agent, "run", "--config", configFile], options);
  let program = launch();
  return {
    name,
    folder,
    configFile,
    program: () => program,
    configure,
    kill: (signal) => program.end(signal),
    start() {
      program = launch();
    },
  };
}
