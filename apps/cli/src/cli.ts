import { asMusterError, MusterError } from "@muster/core";
import { CommanderError } from "commander";
import { type Client, createClient } from "./client.ts";
import { findConnection } from "./connection.ts";
import { exitCodes, type Outcome, outcomeOf } from "./exit-codes.ts";
import { createProgram } from "./program.ts";
import { errorText } from "./render/error.ts";
import { createStyle, type Style } from "./render/style.ts";
import type { Terminal } from "./terminal.ts";

/** Options that every command has. */
export interface GlobalOptions {
  readonly server?: string;
  readonly token?: string;
  readonly caFile?: string;
  readonly json?: boolean;
  readonly input?: boolean;
}

/** What every command gets. */
export interface Cli {
  readonly terminal: Terminal;
  readonly style: Style;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  options(): GlobalOptions;
  /** A client for the control plane that the options, the environment or this machine name. */
  client(): Promise<Client>;
  /** Writes data: as JSON when asked for, otherwise as text. */
  print(data: unknown, text: () => string): void;
  /** Tells the person at the terminal something; not data. */
  note(text: string): void;
  /** Ends the command with another outcome than `ok`. */
  end(outcome: Outcome): void;
}

/** Runs `muster` with these arguments; gives the exit code. Errors are said on the terminal, never thrown. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const interrupted = new AbortController();
  const stopListening = terminal.onInterrupt(() =>
    interrupted.abort(
      new MusterError("cancelled", "interrupted", { hint: "What was started on the control plane goes on." }),
    ),
  );
  const style = createStyle(terminal.color);
  let outcome: Outcome = "ok";
  const program = createProgram(
    {
      ...{ terminal, style, signal: interrupted.signal },
      options: () => program.opts<GlobalOptions>(),
      client: async () => createClient(await findConnection(program.opts(), terminal), interrupted.signal),
      print: (data, text) =>
        terminal.out(
          `${(program.opts<GlobalOptions>().json === true ? JSON.stringify(data, undefined, 2) : text()).trimEnd()}\n`,
        ),
      note: (text) => terminal.err(`${text}\n`),
      end: (reached) => {
        outcome = reached;
      },
    },
    { writeOut: terminal.out, writeErr: terminal.err },
  );
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCodes[outcome];
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage; // it has said why
    const error = interrupted.signal.aborted ? asMusterError(interrupted.signal.reason) : asMusterError(thrown);
    const json = program.opts<GlobalOptions>().json === true;
    terminal.err(`${errorText(error, { style, json })}\n`);
    return exitCodes[interrupted.signal.aborted ? "interrupted" : outcomeOf(error)];
  } finally {
    stopListening();
  }
}
