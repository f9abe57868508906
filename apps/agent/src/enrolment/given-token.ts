import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { MusterError } from "@muster/core";

/** The variable that may hold the token of `muster-agent enroll`. */
export const tokenVariable = "MUSTER_ENROLMENT_TOKEN";
/** A token waits so long for somebody to type or pipe it, in milliseconds. */
const patience = 10 * 60_000;

export interface TokenOptions {
  /** On the command line, where every user of the machine can read it. */
  readonly token?: string | undefined;
  /** A file, or `-` for standard input. */
  readonly tokenFile?: string | undefined;
}

export interface TokenInput {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadableStream;
  /** Writes a line for whoever runs the command. */
  readonly note: (line: string) => void;
}

/**
 * The enrolment token from where it was put: `--token-file PATH`, `--token-file -` (the first line of standard input), the
 * variable MUSTER_ENROLMENT_TOKEN, or, with a warning, `--token`. Throws `usage` when it is nowhere or in two options, and
 * `secret-missing` when the place named holds none. Never repeats it.
 */
export async function givenToken(
  { token, tokenFile }: TokenOptions,
  { env, stdin, note }: TokenInput,
): Promise<string> {
  if (token !== undefined && tokenFile !== undefined)
    throw new MusterError("usage", "--token and --token-file are both given", { hint: "Use --token-file alone." });
  if (token !== undefined) {
    note("warning: other users of this machine can read --token in its list of processes; use --token-file - instead");
    return token;
  }
  if (tokenFile === "-") return filled(await firstLine(stdin), "standard input");
  if (tokenFile !== undefined) return filled(await contentOf(tokenFile), tokenFile);
  const fromEnvironment = env[tokenVariable]?.trim() ?? "";
  if (fromEnvironment !== "") return fromEnvironment;
  throw new MusterError("usage", "no enrolment token was given", {
    hint: `Pipe it in with --token-file -, or name a file with --token-file PATH, or set ${tokenVariable}.`,
  });
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new MusterError("secret-missing", `the token file ${file} cannot be read`, { cause });
  }
}

async function firstLine(stdin: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stdin });
  const tooLong = setTimeout(() => lines.close(), patience);
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    clearTimeout(tooLong);
    lines.close();
  }
}

function filled(text: string, where: string): string {
  const token = text.trim();
  if (token !== "") return token;
  throw new MusterError("secret-missing", `there is no enrolment token in ${where}`, {
    hint: "Make one with: muster token create --host NAME",
  });
}
