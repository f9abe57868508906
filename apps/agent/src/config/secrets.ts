import { readFileSync } from "node:fs";
import { MusterError } from "@muster/core";

/** Secrets by what they are: `passwordFile` and `passwordEnv` both give `password`. */
export type Secrets = Readonly<Record<string, string>>;

const reference = /^(password|secret)(File|Env)$/;

/**
 * Reads the secrets that an entry of agent.yaml names. `where` says where a key stands. Throws `secret-missing` with
 * that place, never with the secret.
 */
export function readSecrets(entry: object, env: NodeJS.ProcessEnv, where: (key: string) => string): Secrets {
  const secrets: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry)) {
    const match = reference.exec(key);
    if (match?.[1] === undefined || typeof value !== "string") continue;
    secrets[match[1]] = match[2] === "File" ? fromFile(value, where(key)) : fromEnvironment(value, env, where(key));
  }
  return secrets;
}

function fromFile(path: string, where: string): string {
  try {
    // One newline at the end is an editor's, not the secret's.
    return nonEmpty(readFileSync(path, "utf8").replace(/\r?\n$/, ""), `${where}: the file ${path} is empty`);
  } catch (cause) {
    if (cause instanceof MusterError) throw cause;
    throw new MusterError("secret-missing", `${where}: the file ${path} cannot be read`, { cause });
  }
}

function fromEnvironment(name: string, env: NodeJS.ProcessEnv, where: string): string {
  return nonEmpty(env[name] ?? "", `${where}: the variable ${name} is not set in the agent's environment`);
}

function nonEmpty(secret: string, message: string): string {
  if (secret === "") throw new MusterError("secret-missing", message);
  return secret;
}
