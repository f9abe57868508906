import { MusterError } from "@muster/core";
import type { Cli } from "./cli.ts";

/** Asks for a yes. Without somebody to ask, --yes must have said it. Throws `usage`, and `cancelled` for anything but a yes. */
export async function confirm(cli: Cli, question: string): Promise<void> {
  const answer = await ask(cli, `${question} [y/N] `);
  if (!/^(y|yes)$/i.test(answer.trim())) throw notConfirmed();
}

/** Asks to type the name of what will be changed. Throws as `confirm` does. */
export async function confirmByName(cli: Cli, question: string, name: string): Promise<void> {
  const answer = await ask(cli, `${question}\nType ${cli.style.bold(name)} to go on: `);
  if (answer.trim() !== name) throw notConfirmed();
}

/** Throws `usage` when nobody can be asked. */
export function requireSomebodyToAsk({ terminal, options }: Cli): void {
  if (terminal.asks && options().input !== false) return;
  throw new MusterError("usage", "this needs to be confirmed, and nobody can be asked", {
    hint: "Confirm it with --yes.",
  });
}

async function ask(cli: Cli, question: string): Promise<string> {
  requireSomebodyToAsk(cli);
  return cli.terminal.ask(question, cli.signal);
}

function notConfirmed(): MusterError {
  return new MusterError("cancelled", "not confirmed; nothing was changed", {
    hint: "Run it again when it is wanted.",
  });
}
