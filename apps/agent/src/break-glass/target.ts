import { resolve } from "node:path";
import { MusterError } from "@muster/core";
import { loadConfig } from "../config/load.ts";
import { readSecrets } from "../config/secrets.ts";
import { dataDirectory } from "../data/directory.ts";
import { createSource, type SourceConfig, sourceConfigSchema } from "../sources/registry.ts";
import type { Source } from "../sources/source.ts";

/** Where `--onto` puts a point. */
export interface TargetOptions {
  /** `postgres://user@host:port`, `redis:///data/directory?port=6379`, or an agent.yaml with a source of the point's kind. */
  readonly onto: string;
  /** The name of the source in agent.yaml. */
  readonly source: string;
  readonly passwordFile?: string | undefined;
  /** Where notes about what was moved aside are kept, when there is no agent.yaml. */
  readonly state: string;
}

export interface Target {
  readonly source: Source;
  readonly stateDirectory: string;
}

/** Makes the source that a point is restored into. Throws `usage`, `config-invalid`, `source-unknown`, `secret-missing`. */
export async function targetOf(options: TargetOptions): Promise<Target> {
  if (/\.ya?ml$/.test(options.onto)) return fromAgentYaml(options);
  const config = configOf(options);
  const secrets = readSecrets(config, process.env, () => "--password-file");
  const source = await createSource(options.source, config, secrets);
  return { source, stateDirectory: resolve(options.state) };
}

async function fromAgentYaml({ onto, source: name }: TargetOptions): Promise<Target> {
  const { config, secrets } = loadConfig(onto);
  const entry = Object.hasOwn(config.sources, name) ? config.sources[name] : undefined;
  if (entry === undefined) {
    throw new MusterError("source-unknown", `${onto} has no source "${name}"`, {
      hint: `Name one of them with --as: ${Object.keys(config.sources).join(", ") || "there is none"}.`,
    });
  }
  const source = await createSource(name, entry, secrets.get(`sources.${name}`) ?? {});
  return { source, stateDirectory: `${dataDirectory(config.data).sources}/${name}` };
}

function configOf({ onto, passwordFile }: TargetOptions): SourceConfig {
  const url = URL.canParse(onto) ? new URL(onto) : undefined;
  const secret = passwordFile === undefined ? {} : { passwordFile: resolve(passwordFile) };
  if (url?.password !== undefined && url.password !== "") {
    throw new MusterError("usage", "a password does not belong into an address", { hint: "Use --password-file." });
  }
  switch (url?.protocol) {
    case "postgres:":
    case "postgresql:":
      return parsed({ type: "postgres", ...placeOf(url), ...secret });
    case "redis:":
      return parsed({ type: "redis", ...redisPlace(url), ...secret });
    default:
      throw new MusterError("usage", `--onto does not know "${onto}"`, {
        hint: "Write postgres://USER@HOST:PORT, redis:///DATA/DIRECTORY?port=6379, or the path of an agent.yaml.",
      });
  }
}

function placeOf({ hostname, port, username }: URL): Record<string, unknown> {
  const given = { host: hostname, port: port === "" ? undefined : Number(port), user: decodeURIComponent(username) };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ""));
}

function redisPlace({ pathname, searchParams }: URL): Record<string, unknown> {
  const port = searchParams.get("port");
  return { dataDirectory: decodeURIComponent(pathname), ...(port === null ? {} : { port: Number(port) }) };
}

function parsed(config: Record<string, unknown>): SourceConfig {
  const result = sourceConfigSchema.safeParse(config);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  throw new MusterError("usage", `--onto: ${problems}`);
}
